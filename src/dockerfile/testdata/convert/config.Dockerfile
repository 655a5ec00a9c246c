FROM sh
LABEL a=b "c d"="e f" g='h "i"'
LABEL legacy value here
ENV legacy value here
EXPOSE 80 443/tcp 8000-8002/udp
EXPOSE 127.0.0.1:90:91/TCP
VOLUME /data ["/x", "/y"]
VOLUME ["/x", "/y z"]
USER 1000:1000
WORKDIR /home/x
USER app
WORKDIR y
STOPSIGNAL SIGTERM
STOPSIGNAL 9
HEALTHCHECK --interval=5m --timeout=1s500ms --retries=3 --start-period=1h1m CMD curl -f http://localhost/
HEALTHCHECK CMD ["a", "b c"]
HEALTHCHECK NONE
SHELL ["/bin/ash", "-e", "-c"]
RUN x
CMD echo hi
CMD ["a", "b\nc", "é\u00a0\""]
ENTRYPOINT exec me
ENTRYPOINT ["x"]
MAINTAINER me <me@x>
ONBUILD RUN y
ONBUILD COPY a b
