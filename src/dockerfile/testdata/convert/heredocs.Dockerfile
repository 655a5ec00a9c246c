FROM busybox
RUN <<EOF
echo one
echo $HOME
EOF
RUN <<EOF
#!/usr/bin/env python
print(1)
EOF
RUN cat <<A > /a && cat <<-'B' > /b
one
A
	two
B
COPY <<EOF /etc/x
hello $PATH "q" \$x
EOF
COPY --chmod=700 <<'F1' <<-F2 /dir/
raw $PATH
F1
	tabbed
F2
ARG V=3
COPY <<"Q" a /z/
$V
Q
RUN <<-EOT sh -s
	x
EOT
