# escape=`
FROM busybox
RUN a `
  b $PATH
COPY a` b /c
ENV X="a`"b" Y=\$PATH
