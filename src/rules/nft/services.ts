/** Services by name: those that iptables' rules know here, and the rest of Debian's /etc/services. */
import { SERVICES } from '../iptables/values/services.ts'

const OTHERS = `
  rtmp 1, tcpmux 1, nbp 2, zip 6, null 9, sink 9, systat 11, users 11, netstat 15, qotd 17, quote 17,
  source 19, ttytst 19, fsp 21, fspd 21, mail 25, timserver 37, nicname 43, kerberos-sec 88, kerberos5 88,
  krb5 88, iso-tsap 102, tsap 102, acr-nema 104, poppassd 106, authentication 113, tap 113, readnews 119,
  untp 119, loc-srv 135, cmip-man 163, cmip-agent 164, mailq 174, xdmcp 177, smux 199, qmtp 209, wais 210,
  z3950 210, ipx 213, ptp-event 319, ptp-general 320, pawserv 345, zserv 346, rpc2portmap 369, codaauth2 370,
  Clearcase 371, clearcase 371, svrloc 427, snpp 444, urd 465, saft 487, biff 512, comsat 512, exec 512,
  login 513, who 513, whod 513, cmd 514, spooler 515, talk 517, ntalk 518, routed 520, router 520, gdomap 538,
  uucpd 540, klogin 543, krcmd 544, kshell 544, afpovertcp 548, snntp 563, nqs 607, asf-rmcp 623, qmqp 628,
  ldp 646, tinc 655, silc 706, kerberos-adm 749, kdc 750, kerberos-iv 750, kerberos4 750, kerberos-master 751,
  kerberos_master 751, passwd-server 752, passwd_server 752, hprop 754, krb-prop 754, krb5_prop 754,
  krb_prop 754, moira-db 775, moira_db 775, moira-update 777, moira_update 777, moira-ureg 779, moira_ureg 779,
  spamd 783, supfilesrv 871, ftps-data 989, proofd 1093, rootd 1094, rmiregistry 1099, supfiledbg 1127,
  skkserv 1178, predict 1210, rmtcfg 1236, xtel 1313, xtelw 1314, lotusnote 1352, lotusnotes 1352,
  ingreslock 1524, datametrics 1645, old-radius 1645, old-radacct 1646, sa-msg-port 1646, kermit 1649,
  groupwise 1677, l2f 1701, l2tp 1701, radacct 1813, cisco-sccp 2000, gnunet 2086, rtcm-sc104 2101,
  zephyr-srv 2102, zephyr-clt 2103, zephyr-hm 2104, gsigatekeeper 2119, iprop 2121, gris 2135, cvspserver 2401,
  venus 2430, venus-se 2431, codasrv 2432, codasrv-se 2433, mon 2583, zebrasrv 2600, zebra 2601, ripd 2602,
  ripngd 2603, ospfd 2604, bgpd 2605, ospf6d 2606, ospfapi 2607, isisd 2608, dict 2628, f5-globalsite 2792,
  gsiftp 2811, gpsd 2947, gds-db 3050, gds_db 3050, icp 3130, icpv2 3130, isns 3205, iscsi-target 3260,
  ms-wbt-server 3389, nut 3493, distcc 3632, daap 3689, subversion 3690, suucp 4031, sysrqd 4094, sieve 4190,
  f5-iquery 4353, epmd 4369, remctl 4373, ntske 4460, fax 4557, hylafax 4559, iax 4569, mtn 4691,
  radmin-port 4899, lrrd 4949, munin 4949, jabber-client 5222, jabber-server 5269, cfengine 5308,
  postgres 5432, rplay 5555, freeciv 5556, rptp 5556, nrpe 5666, nsca 5667, canna 5680, x11-0 6000, x11-1 6001,
  x11-2 6002, x11-3 6003, x11-4 6004, x11-5 6005, x11-6 6006, x11-7 6007, gnutella-svc 6346, gnutella-rtr 6347,
  redis 6379, sge-qmaster 6444, sge_qmaster 6444, sge-execd 6445, sge_execd 6445, mysql-proxy 6446,
  syslog-tls 6514, sane 6566, sane-port 6566, saned 6566, ircd 6667, babel 6696, ircs-u 6697,
  afs3-fileserver 7000, bbs 7000, afs3-callback 7001, afs3-prserver 7002, afs3-vlserver 7003,
  afs3-kaserver 7004, afs3-volser 7005, afs3-bos 7007, afs3-update 7008, afs3-rmtsys 7009, font-service 7100,
  xfs 7100, zope-ftp 8021, webcache 8080, tproxy 8081, omniorb 8088, puppet 8140, clc-build-daemon 8990,
  xinetd 9098, bacula-dir 9101, bacula-fd 9102, bacula-sd 9103, git 9418, xmms2 9667, zope 9673, webmin 10000,
  zabbix-agent 10050, zabbix-trapper 10051, amanda 10080, kamanda 10081, amandaidx 10082, amidxtape 10083,
  nbd 10809, hkp 11371, sgi-cmsd 17001, sgi-crsd 17002, sgi-gcd 17003, sgi-cad 17004, db-lsp 17500, dcap 22125,
  gsidcap 22128, wnn6 22273, binkp 24554, asp 27374, csync2 30865, dircproxy 57000, tfido 60177, fido 60179
`

export const NFT_SERVICES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(OTHERS.split(',').map((row) => [row.trim().split(' ')[0], Number(row.trim().split(' ')[1])])),
  ...SERVICES,
}
