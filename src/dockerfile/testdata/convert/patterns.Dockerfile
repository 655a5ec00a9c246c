FROM busybox
COPY a* b?/ [c-d]x /dst/
COPY /../x ./a/../b /d/
COPY --parents a*/./b c/[d]e ./x/./y/z /p
COPY --parents /abs/./x/../y /p
COPY --exclude=a --exclude=$PATH . /
