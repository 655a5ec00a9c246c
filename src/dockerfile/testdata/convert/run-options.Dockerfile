FROM busybox
RUN x
RUN --mount=type=ssh,id=a --mount=type=tmpfs,target=/aa y
