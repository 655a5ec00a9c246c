# bash's long doubles: every conversion and flag, with values at the edges of 64, 80 and 128 bits.
values=(0 -0 1 -1 0.1 .5 1.5 2.5 0.125 1e10 1e15 123456789.987654321 1e-4 1e-5 9.9999999e5 999999.5 99999.95 1e308 1e309 -1e-307
  1e4932 1.18973149535723176508575932662800702e4932 1.2e4932 1e4933 -1e5000 1e-4931 1e-4950 1e-4965 4e-4966 1e-4970
  6.475175119438025110924438958227646552e-4966 3.3621031431120935062626778173217526e-4932 0x1p-16445 0x1p-16494 0x1p-16495
  3.1415926535897932384626433832795028841971693993751 2.00000000000000000000000000000000001 1.99999999999999999999999999999999999
  18446744073709551616 18446744073709551617 36893488147419103233 0x1.23456789abcdef0123456789abcdefp3 0x1.ffffffffffffffffffffffffffff8p0
  0x10 010 inf -inf infinity nan -nan 'nan(123)' 1x '' ' 7' '7 ' +3 é 1,5 1e 0x '"A' "'é")
for format in %f %e %g %a %F %E %G %A %.0f %.1f %.3e %.10g %.0a %.5a %.40f %.60e %.50g %\#g %\#.0f %\#.0e %\#.0a %\#a %+f '% e' %010.2f \
  '%-14.3g|' %+\#012.4a %40.30f '%-+50.40g|' '%0-9f|' "%'f" "%'012.1f" %Lf %lf %hf '% 030a' %\#.12G %\#.9g '%+ f' %5.g %.f '%# .3E'; do
  for value in "${values[@]}"; do printf "$format" "$value"; echo " [$format $value] $?"; done
done
printf '%f %f\n' 1e-4960; printf '%e %e %e\n' 1e-4960 '' 1e-4960; printf '%*.*f|%-*f|%*g\n' 9 2 3.14159 12 2.5 -12 7; printf '%.*f\n' -3 1.5
printf -v x '%.45f' 0.3; echo $x; printf -v a[3] '%500.400f' 0.7; echo "${a[3]}"; printf -v x '%f %e %a|' 0.1 0.2 0.3; echo "$x"
printf '%s %d %f %s\n' a 1 2 b c 3 4; printf '%5%|%'; printf %f; printf '%.-3f|%5-3f|%.+2f\n' 1 2 3
printf %99999999999f 1; echo $?; printf %.99999999999f 1; echo $?; printf '%f' 1 >&-; echo $?; printf %f 1 >/dev/full; echo $?
printf '%5.2f %s\n' 1.005 x 2.675 y; set -o posix; printf '%f %.40f %a %e\n' 0.1 0.1 0.1 1e400; printf '%Lf %.40Lf\n' 0.1 0.1
