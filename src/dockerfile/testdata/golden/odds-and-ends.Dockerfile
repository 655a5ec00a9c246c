#!/usr/bin/env -S polyarch build -f
# syntax = docker/dockerfile:1 extra

FROM --platform=${BUILDPLATFORM:-linux/amd64} "quoted" AS a
RUN
RUN [ "sh", "-c", "echo \u00e9\n" ]
RUN [not, json]
RUN --security=insecure --network=host --device=vendor.example/gpu=all,required echo $((1+1)) <<< here
LABEL "a b"="c d" plain=x\ y empty=
LABEL one the rest  of it
ARG --ignored=1 a=1 b="2 3" c
EXPOSE ${PORT:-80} 53/udp 1000-1002
VOLUME /b /a
CMD
ENTRYPOINT exec top -b
HEALTHCHECK --start-interval=5s CMD ["/check", "-q"]
RUN echo last \

  \
