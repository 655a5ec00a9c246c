from debian:bookworm-slim
maintainer Ops <ops@example.org>
shell ["/bin/bash", "-euo", "pipefail", "-c"]
arg DEBIAN_FRONTEND=noninteractive
env LEGACY one two  three
env PATH=/opt/site/bin:$PATH \
    GREETING='hello world' \
# comments may stand between continued lines

    QUOTE="say \"hi\""
run apt-get update \
  # keep the image small
  && apt-get install -y --no-install-recommends \
       nginx \
       brotli \
  && rm -rf /var/lib/apt/lists/*
run <<EOT
#!/usr/bin/env bash
set -e
for site in one two; do
  mkdir -p "/srv/$site"
done
EOT
run cat <<A > /a && cat <<"B" > /b
first $HOME
A
second $HOME
B
add --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.org/site.tar.gz /tmp/
add --keep-git-dir=true --unpack=false https://github.com/example/site.git#v1:www /srv/www
copy --parents --exclude=*.md --exclude=**/tests ./site/*/index.html ./site/assets /srv/
copy ["a file with blanks.txt", "/srv/a file.txt"]
workdir /srv
onbuild copy . /srv/app
onbuild run <<EOF
make all
EOF
healthcheck none
cmd nginx -g 'daemon off;'
