#!/usr/bin/env perl
# columns.t -- docs/columns.md says where each field of others is: no field is missing, and what is named exists
#
# Columns are those that histd's sources make of the captured trees and of this machine. Fields are compared with the
# tools themselves where these are installed in the version that the page is about.

use strict;
use warnings;
use utf8;
use File::Temp qw(tempdir);
use POSIX qw(uname);

binmode STDOUT, ':encoding(UTF-8)';
binmode STDERR, ':encoding(UTF-8)';
$ENV{LC_ALL} = 'C.UTF-8';
$ENV{ATOPACCT} = ''; # atop is not to switch on process accounting
my $page = 'docs/columns.md';
my $showtables = ($ENV{BUILD} // 'build') . '/tests/tools/showtables';
my $n = 0;

sub ok {
	my ($good, $name, @why) = @_;
	$n++;
	print $good ? '' : 'not ', "ok $n - $name\n";
	print "# $_\n" for $good ? () : @why;
	return $good;
}

sub none {
	my ($name, @bad) = @_;
	ok(!@bad, $name, @bad);
}

sub skip {
	my ($name, $why) = @_;
	$n++;
	print STDERR "# SKIPPED: $name: $why\n";
	print "ok $n - $name # SKIP $why\n";
}

sub lines_of {
	my @command = @_;
	open my $out, '-|:encoding(UTF-8)', @command or die "$command[0]: $!\n";
	chomp(my @lines = <$out>);
	close $out;
	return @lines;
}

# --- the page ---

# By tool and heading: the fields in order, each with what stands for it.
my (%fields, %headings, $tool, $heading, $text);
open my $in, '<:encoding(UTF-8)', $page or die "$page: $!\n";
while (<$in>) {
	$text .= $_;
	if (/^## (\w+)/) {
		$tool = $1;
	} elsif (/^### (.+)/) {
		$heading = $1;
		push @{$headings{$tool}}, $heading;
	} elsif (/^\| (.+?) \| (.*) \|$/ && $1 ne 'field') {
		push @{$fields{$tool}{$heading}}, [$1, $2];
	}
}
close $in;

# A column, or a reason why there is none.
my $says = qr/\w+\.\w+|^(?:no|nothing|a constant\b[^:]*): \S/;
ok((grep { !$fields{$_} } qw(atop sar rpglot below PostgreSQL pgwatch pg_stat_monitor)) == 0,
	'the page is about atop, sar, rpglot, below, PostgreSQL, pgwatch and pg_stat_monitor');
none('every field has a column, or a word why not', map {
	my $t = $_;
	map {
		my $h = $_;
		map { $_->[1] =~ $says ? () : "$t, $h: $_->[0]" } @{$fields{$t}{$h}}
	} @{$headings{$t}}
} sort keys %fields);

# --- histfs ---

my (%columns, %pairs);
my @trees = ('/', grep { -d } glob 'tests/fixtures/*');
for my $tree (@trees) {
	for (lines_of($showtables, $tree, '-c')) {
		my ($table, $column) = split ' ';
		$columns{"$table.$column"} = 1;
	}
	next if !-e "$tree/proc/net/snmp";
	$pairs{join ' ', (split /\t/)[0, 1]} = 1 for lines_of($showtables, $tree, 'net_snmp');
}
ok(keys %columns > 300, 'sources make columns', 'columns: ' . keys %columns);
my %named = map { $_ => 1 } $text =~ /`(\w+\.[\w.()-]+)`/g;
ok(keys %named > 300, 'the page names columns', 'named: ' . keys %named);
none('every column named exists', grep { $_ ne 'table.column' && !$columns{$_} } sort keys %named);
none('no column is named without quotes, so that nobody looks whether it exists',
	grep { $columns{$_} } $text =~ /(?<![`\w.\/])(\w+\.\w+)(?![`\w])/g);
my %rows = map { $_ => 1 } $text =~ /`net_snmp\.\w+` \((\w+ \w+)\)/g;
ok(keys %rows > 80, 'it names rows of net_snmp', 'named: ' . keys %rows);
none('every row of net_snmp exists', grep { !$pairs{$_} } sort keys %rows);

# --- PostgreSQL ---

# The catalogues in the order of their versions, by the heading that they are compared with: label, view, its columns.
my @servers = map { [$_, "tests/fixtures/pg-catalog/$_"] } 10 .. 18;
sub catalogue {
	my $heading = shift;
	my ($view, $of) = $heading =~ /^(\w+)(?: of (\w+))?/;
	my $prefix = $of ? "$view-$of" : $view =~ /^(pg_stat_statements)/ ? $1 : '';
	my @files = $prefix ? map { [/-([\d.]+)$/, $_] } glob "tests/fixtures/pg-catalog/$prefix-*" : @servers;
	@files = sort { my ($x, $y) = map { my ($m, $n) = split /\./, $_->[0]; $m * 1000 + ($n // 0) } $a, $b; $x <=> $y } @files;
	return map {
		my ($label, $file) = @$_;
		my ($line) = grep { /^\Q$view\E / } lines_of('cat', $file);
		my (undef, @columns) = split ' ', $line // '';
		[$label, { map { $_ => 1 } @columns }]
	} @files;
}

my (@wrong, %compared);
for my $heading (@{$headings{PostgreSQL}}) {
	next if $heading =~ / not recorded$/;
	my @versions = catalogue($heading);
	my %there = map { %{$_->[1]} } @versions;
	push @wrong, "$heading: no version has it" if !%there;
	$compared{$heading =~ s/ .*//r} = 1;
	for my $row (@{$fields{PostgreSQL}{$heading}}) {
		my ($field, $where) = @$row;
		my @has = grep { $versions[$_][1]{$field} } 0 .. $#versions;
		push @wrong, "$heading: no version has $field" if !delete $there{$field};
		next if !@has;
		my $says = ($has[0] > 0 ? ", since $versions[$has[0]][0]" : '')
			. ($has[-1] < $#versions ? ", until $versions[$has[-1]][0]" : '');
		push @wrong, "$heading: $field is there$says" if ($where =~ /((?:, (?:since|until) [\d.]+)*)$/)[0] ne $says;
	}
	push @wrong, map { "$heading: $_ is missing" } sort keys %there;
}
my %left_out = map { $_->[0] => 1 } @{$fields{PostgreSQL}{'Views that are not recorded'}};
my %views = map { (split ' ', $_)[0] => 1 } map { lines_of('cat', $_) } glob 'tests/fixtures/pg-catalog/[1p]*';
# Of these a table takes what it is about.
delete @views{qw(functions pg_class pg_database pg_namespace pg_tablespace)};
push @wrong, map { "$_ is missing" } grep { !$compared{$_} && !$left_out{$_} } sort keys %views;
push @wrong, map { "no version has $_" } grep { !$views{$_} } sort keys %left_out;
ok(keys %compared > 25, 'views of PostgreSQL are compared', 'compared: ' . keys %compared);
none('no column of any version of PostgreSQL is missing, and since when it is there is right', @wrong);

# --- sar ---

my $dir = tempdir(CLEANUP => 1);
my ($sar) = grep { -x } map { "$_/sar" } split /:/, $ENV{PATH};
my $version = $sar ? (lines_of($sar, '-V'))[0] : '';
if ($version =~ /12\.6\./) {
	system("timeout 60 sar -A -o '$dir/sar' 1 1 >/dev/null 2>&1");
	my %here = map { join(';', map { $_->[0] } @$_) => 1 } values %{$fields{sar}};
	my @headers = map { s/^# hostname;interval;timestamp;//r } grep { /^# / } lines_of(qw(timeout 60 sadf -d), "$dir/sar", '--', '-A');
	ok(@headers >= 20, 'sadf has headings', 'headings: ' . @headers);
	none('no field of sar is missing', grep { !$here{$_} } @headers);
} else {
	skip('no field of sar is missing', $sar ? "it is not 12.6: $version" : 'sar is not installed');
}

# --- atop ---

my ($atop) = grep { -x } map { "$_/atop" } split /:/, $ENV{PATH};
$version = $atop ? (lines_of($atop, '-V'))[0] : '';
if ($version =~ /Version: 2\.8/) {
	my (%here, %there, %bad);
	my $host = (uname())[1];
	for my $heading (@{$headings{atop}}) {
		$here{$_} = @{$fields{atop}{$heading}} for split /, /, $heading;
	}
	for (lines_of(qw(timeout 60 atop -Z -P ALL 1 1))) {
		# Blanks are all that atop takes out of command lines: others may be in them.
		my @f = split / +/;
		# A name or command line may break a line.
		next if @f < 6 || $f[1] ne $host || $f[2] !~ /^\d+$/;
		my $label = $f[0] eq 'NET' && $f[6] eq 'upper' ? 'NET upper' : $f[0];
		$there{$label}++;
		my $count = @f - 6;
		# A command line may be empty, and a blank is then nothing.
		my $empty = $label eq 'PRG' && $count == ($here{PRG} // 0) - 1;
		$bad{"$label: atop has $count fields"} = 1 if $count != ($here{$label} // 0) && !$empty;
	}
	ok(keys %there >= 10, 'atop has labels', sort keys %there);
	none('no field of atop is missing', sort keys %bad);
} else {
	skip('no field of atop is missing', $atop ? "it is not 2.8: $version" : 'atop is not installed');
}
print "1..$n\n";
