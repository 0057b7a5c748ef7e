#!/bin/sh
# library.t -- libhistfs as it is installed: the example of its manual page, C++, and what it exports

. tests/cli/histd.sh
b=${BUILD:-build}

# What make has built for a sanitizer wants its programs built for it, too.
case $b in
*-san*) san=-fsanitize=address,undefined ;;
*) san= ;;
esac
mkdir -p "$dir/usr/lib/pkgconfig" "$dir/usr/include"
cp "$b/libhistfs.so.1" "$b/libhistfs.a" "$dir/usr/lib" && ln -s libhistfs.so.1 "$dir/usr/lib/libhistfs.so"
cp client/histfs.h "$dir/usr/include"
sed "s|@PREFIX@|$dir/usr|" client/libhistfs.pc >"$dir/usr/lib/pkgconfig/libhistfs.pc"
flags=$(PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig pkg-config --cflags --libs libhistfs 2>>"$log")
ok $? "pkg-config knows it"

# The page's example, as a reader would copy it.
sed -n '/^#include <histfs.h>/,/^\.Ed/p' man/libhistfs.3 | sed '/^\.Ed/d; s/\\e/\\/g' >"$dir/example.c"
# shellcheck disable=SC2086 # lists
cc -Wall -Wextra -Werror $san -o "$dir/example" "$dir/example.c" $flags 2>>"$log"
ok $? "the manual page's example is compiled without a warning"
# shellcheck disable=SC2086
cc -Wall $san -o "$dir/static" "$dir/example.c" -I"$dir/usr/include" "$dir/usr/lib/libhistfs.a" 2>>"$log" &&
	! ldd "$dir/static" | grep -q histfs
ok $? "it can be linked statically"

printf '[store]\npath = %s\n[record]\ninterval = 10s\ntables = histd\npriority = normal\nlock_memory = 0\n' "$store" \
	>"$conf"
printf '[socket]\npath = %s/socket\n' "$dir" >>"$conf"
start
export HISTFS_SOCKET="$dir/socket" LD_LIBRARY_PATH="$dir/usr/lib"
"$dir/example" >"$dir/out" && "$dir/static" v43 >"$dir/out" && printf '0 v42\n1 v43\n' | cmp -s - "$dir/out"
ok $? "it runs, and reads what it produced"
HISTFS_SOCKET=$dir/nowhere "$dir/example" 2>"$dir/out"
[ $? = 1 ] && grep -qx 'histd: No such file or directory' "$dir/out"
ok $? "and says so where there is no histd"

if command -v c++ >/dev/null; then
	printf '#include <histfs.h>\nint main() { histfs *h = nullptr; histfs_close(h); }\n' >"$dir/x.cc"
	# shellcheck disable=SC2086
	c++ -Wall -Wextra -Werror $san -o "$dir/x" "$dir/x.cc" $flags 2>>"$log" && "$dir/x"
	ok $? "C++ may include and link it"
else
	skip "C++ may include and link it" "there is no c++"
fi

nm -D --defined-only "$b/libhistfs.so.1" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >"$dir/exported"
sed -n 's/^[a-z].*[ *]\(histfs_[a-z_]*\)(.*/\1/p; s/^int \(histfs_[a-z_]*\)($/\1/p' client/histfs.h | sort >"$dir/declared"
diff "$dir/exported" "$dir/declared" >"$dir/out"
ok $? "it exports what its header declares, and nothing else"
if [ -z "$san" ]; then
	[ "$(objdump -p "$b/libhistfs.so.1" | awk '/NEEDED/ { print $2 }')" = libc.so.6 ]
	ok $? "it needs the C library alone"
else
	skip "it needs the C library alone" "sanitizers are libraries"
fi

echo "1..$n"
