FROM busybox AS tools
RUN t
FROM alpine:3.20
ARG D=/data
RUN --mount=type=bind,target=/src cmd
RUN --mount=target=rel,source=sub/dir,rw cmd2
RUN --mount=type=bind,from=tools,source=/bin,target=/tools --mount=from=busybox,target=$D,ro=false x
RUN --mount=type=tmpfs,target=/t,size=10m --mount=type=cache,target=/c,uid=1,gid=2,mode=0700 y
RUN --mount=type=secret,id=tok --mount=type=secret,id=a,target=/x/y,mode=0440,uid=3,required --mount=type=secret,id=e,env=TOK z $TOK
RUN --mount=type=ssh --mount=type=ssh,id=gh,target=/s,required,mode=0666 w
RUN --mount=type=cache,target=/d,from=tools,source=/var --mount=type=cache,target=/r,ro q
RUN --network=none --security=insecure n
RUN --network=host h
