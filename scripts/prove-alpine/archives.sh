# Archives, there and back, all levels.
for l in 1 2 3 4 5 6 7 8 9; do gzip -c -$l mixed | tail -c +11 >/out/gz$l; gzip -c -$l lines | tail -c +11 >/out/gzl$l; bzip2 -c -$l lines >/out/bz$l; done
gzip -c lines >l.gz; bzip2 -c mixed >m.bz2; for f in gunzip zcat; do t $f -c l.gz; done; t bunzip2 -c m.bz2; t bzcat m.bz2; t gzip -t l.gz; t gunzip -c m.bz2; t lzop -c lines; t unxz -c l.gz; t gzip -l l.gz
tar -cf /out/t.tar tree; tar -czf t.tgz tree; tar -tvzf t.tgz >/out/list; tar -cjf /out/t.tbz tree; mkdir /out/x; tar -xpzf t.tgz -C /out/x; tar -cf - tree | tar -xvf - -C /out/x >/out/verbose; tar --exclude one -cf /out/t2.tar tree; tar -xf /out/t.tar -O tree/a/one >/out/one; t tar -xf lines; t tar -tf /nosuch; t tar -cf - nosuch
mkdir /out/y; find tree | sort | cpio -o -H newc 2>/out/cpio.err >t.cpio; (cd /out/y && cpio -id) <t.cpio 2>/out/cpio2; cpio -tv <t.cpio >/out/cpio3 2>&1; t unzip -l lines; zcat <l.gz | cmp - lines; t cpio -t <lines
