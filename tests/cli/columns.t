#!/usr/bin/env perl
# columns.t -- docs/columns.md says where each field of atop and sar is: no field is missing, and what is named exists
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
ok((grep { !$fields{$_} } qw(atop sar rpglot below)) == 0, 'the page is about atop, sar, rpglot and below');
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
		my @f = split ' ';
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
