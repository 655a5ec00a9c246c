FROM scratch
COPY a /a
RUN x
