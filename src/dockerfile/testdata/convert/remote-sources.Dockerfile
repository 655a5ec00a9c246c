FROM busybox
ADD git://h.x/a/b.git#:sub /a
ADD ssh://git@h.x:22/a/b.git?branch=z /a
ADD git@h.x:a/b.git?checksum=abc /b
ADD --checksum=abcdef https://h.x/a.git#v1 /c
ADD http://u:p@h.x/a.git /d
ADD github.com/x/y /e
ADD https://h.x/%41/b%20c.txt?x#y /f
ADD https://h.x/dir/ /g
