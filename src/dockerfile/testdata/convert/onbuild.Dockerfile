FROM onb AS base
RUN after
FROM busybox AS two
ONBUILD RUN trig $X
ONBUILD ENV W=$X
FROM two
ENV X=1
RUN z
COPY --from=base /a /b
