FROM scratch AS s
COPY a b c/ /d/
COPY ["x y", "/z z/"]
ADD https://example.com/a/file.tar.gz /t/
ADD --checksum=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa https://example.com/x?y=1#z /q
ADD x.tar /u
ADD --unpack=false x.tar /u
ADD --unpack=true https://e.com/ /u
ADD https://github.com/o/r.git#v1:sub /g
ADD --keep-git-dir=true git@github.com:o/r.git#main /g2
ADD https://github.com/o/r.git?tag=v2&subdir=s&submodules=false /g3
COPY --parents ./a/./b/*.txt c/d /p/
COPY --parents a/b/c.txt /p2/
COPY --exclude=*.md --exclude=x/** . .
COPY --link a /l
COPY --link --chown=1:2 b /l/
COPY --link --chmod=755 b /l2
COPY --chmod=u+x,go-w b /l3
COPY . ./
COPY .. .
COPY /abs/ rel/.
WORKDIR /w/
COPY r r2
WORKDIR sub
COPY r .
WORKDIR /
FROM busybox
COPY --from=0 /d /d
COPY --from=s --link / /x/
COPY --from=alpine:3.20 /etc/os-release /
ADD *.go /go/
COPY --chown=root:root a /a
COPY --chown=user a /a
COPY --chown=:5 a /a
