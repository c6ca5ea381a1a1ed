#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Hardware: a tape drive, a changer and a disk, by tgt and open-iscsi. What is on them lasts.
set -e
HOME_=/var/tmp/san
adm="tgtadm --lld iscsi"
unit() { $adm --mode logicalunit --op "$@"; }
mkdir -p $HOME_
[ -e $HOME_/disk ] || truncate -s 32M $HOME_/disk
[ -e $HOME_/changer ] || dd if=/dev/zero of=$HOME_/changer bs=1k count=1 status=none
[ -e $HOME_/T00001 ] || tgtimg --op new --device-type tape --barcode=T00001 --size=64 --type=data --file=$HOME_/T00001
modprobe -a iscsi_tcp st ch sg sd_mod
until $adm --op show --mode target >/dev/null 2>&1; do sleep 1; done
$adm --op new --mode target --tid 1 -T iqn.2007-10.org.xen.pvscsi:san
unit new --tid 1 --lun 1 -b $HOME_/T00001 --device-type=tape
unit update --tid 1 --lun 1 --params online=0
unit new --tid 1 --lun 2 -b $HOME_/changer --device-type=changer
for params in media_home=$HOME_ element_type=4,start_address=10,quantity=1 \
	element_type=4,address=10,tid=1,lun=1 element_type=1,start_address=1,quantity=1 \
	element_type=2,start_address=100,quantity=2 element_type=2,address=100,barcode=T00001,sides=1; do
	unit update --tid 1 --lun 2 --params $params
done
unit new --tid 1 --lun 3 -b $HOME_/disk
$adm --op bind --mode target --tid 1 -I ALL
iscsiadm -m discovery -t sendtargets -p 127.0.0.1
iscsiadm -m node -T iqn.2007-10.org.xen.pvscsi:san -p 127.0.0.1 --login
