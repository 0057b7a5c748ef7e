# Makefile -- builds histd, histfs, histctl and their tests; no lists of files
#
#   make                  build/histd build/histfs build/histctl
#   make check            the test suite (see tests/)
#   make lint             what a script can check of the style
#   make bench            figures beside their peers
#   make bench-worst-day  ticks kept while the machine is in trouble (as root; about six minutes of it)
#   make SAN=address,undefined ...   the same in a folder of its own
#   make install DESTDIR= PREFIX=/usr/local

CC ?= gcc
PREFIX ?= /usr/local
SAN ?=
OPT ?= -O2 -g
WERROR ?=

B := build$(if $(SAN),-san)$(if $(filter clang%,$(CC)),-clang)

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 $(WERROR)
CFLAGS_ALL := -std=gnu11 $(OPT) $(WARN) -fno-common -fno-omit-frame-pointer -pthread -D_GNU_SOURCE \
	-D_FILE_OFFSET_BITS=64 -I. $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) $(if $(FUZZER),-fsanitize=fuzzer-no-link) $(CFLAGS)
LDFLAGS_ALL := -pthread $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

PKG := pkg-config
LIBS_store := $(shell $(PKG) --libs libzstd libxxhash liblz4 snappy zlib)
LIBS_fs := $(shell $(PKG) --libs fuse3)
CFLAGS_fs := $(shell $(PKG) --cflags fuse3)
LIBS_ctl := $(shell $(PKG) --libs ncursesw)
CFLAGS_ctl := $(shell $(PKG) --cflags ncursesw)
LIBS_collector := $(shell $(PKG) --libs inih libpq libcurl)
CFLAGS_collector := $(shell $(PKG) --cflags libpq libcurl)

objs = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
not_main = $(filter-out %/main.o,$(1))

STORE := $(call objs,store/*.c)
VIEW := $(call objs,view/*.c)
COLLECTOR := $(call objs,collector/*.c collector/tables/*.c collector/ops/*.c)
FS := $(call objs,fs/*.c)
CTL := $(call objs,ctl/*.c)
CLIENT := $(call objs,client/*.c)
SONAME := libhistfs.so.1

# A test program a file. unit: the library as it is; crash: with faultio.o in the place of store/io.o and allocations that
# can fail, in the store and in the recorder; fuzz: main from tests/fuzz/replay.c (or libFuzzer, see tests/fuzz/README); bench: measurement programs.
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*.c))
CRASH := $(patsubst %.c,$(B)/%,$(wildcard tests/crash/*.c))
FUZZ := $(patsubst %.c,$(B)/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
BENCH := $(patsubst %.c,$(B)/%,$(wildcard bench/*.c))
TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/tools/*.c))

.PHONY: all tests check lint bench bench-worst-day install clean FORCE
.SECONDARY:

all: $(B)/histd $(B)/histfs $(B)/histctl $(B)/libhistfs.a $(B)/$(SONAME)
tests: all $(UNIT) $(CRASH) $(FUZZ) $(TOOLS)

$(B)/histd: $(COLLECTOR) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_collector) $(LIBS_store) -lm
$(B)/histfs: $(FS) $(VIEW) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_fs) $(LIBS_store) -lm
$(B)/histctl: $(CTL) $(VIEW) $(CLIENT) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_ctl) $(LIBS_store) -lm

$(B)/libstore.a: $(STORE)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/libhistfs.a: $(CLIENT)
	@rm -f $@
	$(AR) rcs $@ $^
$(B)/$(SONAME): $(CLIENT) client/libhistfs.map
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=client/libhistfs.map -o $@ $(CLIENT)

TESTLIBS := $(LIBS_collector) $(LIBS_store) -lm
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/tap.o $(call not_main,$(COLLECTOR) $(CTL)) $(VIEW) $(CLIENT) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_ctl) $(TESTLIBS)
$(B)/tests/crash/%: $(B)/tests/crash/%.o $(B)/tests/tap.o $(call objs,tests/fault*.c) $(call not_main,$(COLLECTOR)) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o $@ $^ $(TESTLIBS)
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(if $(FUZZER),,$(B)/tests/fuzz/replay.o) $(call not_main,$(COLLECTOR) $(CTL)) $(VIEW) $(CLIENT) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) $(FUZZER) -o $@ $^ $(LIBS_ctl) $(TESTLIBS)
$(B)/tests/tools/%: $(B)/tests/tools/%.o $(call not_main,$(COLLECTOR)) $(VIEW) $(CLIENT) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(TESTLIBS)
# Files that hang, or cannot be opened.
$(B)/tests/unit/follow: LDFLAGS_ALL += -Wl,--wrap=openat64
# A clock that stands still.
$(B)/tests/unit/gather: LDFLAGS_ALL += -Wl,--wrap=clock_gettime
# A clock that stands still until it is set.
$(B)/tests/unit/ports: LDFLAGS_ALL += -Wl,--wrap=clock_gettime,--wrap=timerfd_settime
# What a round of the server has done, and a sync, or an allocation, that fails.
$(B)/tests/unit/gauges: LDFLAGS_ALL += -Wl,--wrap=ingest_commit,--wrap=points_sync,--wrap=waiters_prepare
# Servers that do as they are told.
$(B)/tests/unit/pg_take: LDFLAGS_ALL += -Wl,--wrap=pg_server_start,--wrap=pg_server_stop,--wrap=pg_server_generation \
	-Wl,--wrap=pg_server_awaited,--wrap=pg_server_put,--wrap=pg_server_changes,--wrap=pg_server_put_down
# A log directory that hangs, and a clock that stands still.
$(B)/tests/unit/pglog_stop: LDFLAGS_ALL += -Wl,--wrap=opendir,--wrap=pthread_cond_timedwait
$(B)/tests/unit/pglog_tail: LDFLAGS_ALL += -Wl,--wrap=clock_gettime
# A clock that leaps.
$(B)/tests/unit/age_clock: LDFLAGS_ALL += -Wl,--wrap=clock_gettime
# Fixed ids and times.
$(B)/tests/tools/mkgolden: LDFLAGS_ALL += -Wl,--wrap=io_random,--wrap=clock_gettime
$(B)/bench/%: $(B)/bench/%.o $(call not_main,$(COLLECTOR)) $(VIEW) $(CLIENT) $(B)/libstore.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_fs) $(TESTLIBS)

# Peers, as far as they are installed.
PEERS := $(foreach p,lmdb rocksdb sqlite3,$(if $(shell $(PKG) --exists $(p) && echo yes),$(p)))
$(B)/bench/payloads: TESTLIBS += $(if $(PEERS),$(shell $(PKG) --libs $(PEERS)))
$(B)/bench/payloads.o: CFLAGS_ALL += $(if $(filter lmdb,$(PEERS)),-DHAVE_LMDB) $(if $(filter rocksdb,$(PEERS)),-DHAVE_ROCKSDB) \
	$(if $(filter sqlite3,$(PEERS)),-DHAVE_SQLITE)

$(B)/fs/%.o $(B)/bench/%.o: CFLAGS_ALL += $(CFLAGS_fs)
$(B)/client/%.o: CFLAGS_ALL += -fPIC
# Loops that are written to become vectors.
$(B)/store/point_ints.o $(B)/store/point_residuals.o $(B)/store/point_scale.o: CFLAGS_ALL += -O3
$(B)/ctl/%.o: CFLAGS_ALL += $(CFLAGS_ctl)
$(B)/collector/%.o $(B)/tests/%.o $(B)/bench/%.o: CFLAGS_ALL += $(CFLAGS_collector)
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Rebuild everything when compiler or flags change.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(FUZZER)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(FUZZER)' >$@

check: tests
	tests/suite $(B)
lint: all
	@tests/lint $(B)
bench: all $(BENCH) $(B)/tests/tools/mktopic
	bench/run $(B)
bench-worst-day: all
	bench/worst-day $(B)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin
	install $(B)/histd $(DESTDIR)$(PREFIX)/sbin
	install $(B)/histfs $(B)/histctl $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 644 $(B)/libhistfs.a $(B)/$(SONAME) $(DESTDIR)$(PREFIX)/lib
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libhistfs.so
	install -m 644 client/histfs.h $(DESTDIR)$(PREFIX)/include
	sed 's|@PREFIX@|$(PREFIX)|' client/libhistfs.pc >$(DESTDIR)$(PREFIX)/lib/pkgconfig/libhistfs.pc
	for m in man/*.[1-8]; do d=$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; install -d $$d; install -m 644 $$m $$d; done
	ln -sf ../bin/histfs $(DESTDIR)$(PREFIX)/sbin/mount.fuse.histfs

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
