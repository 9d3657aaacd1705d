/** Configuration of log daemons that keeps what a trace says; both were tried with the daemons (docs/doctor.md). */

const ULOGD2 = `# /etc/ulogd.conf: NFLOG group 0, where TRACE of iptables-legacy goes, as JSON. Its packages are ulogd2, ulogd2-json.
# ulogd2 takes the logger: TRACE is then no longer in dmesg, also after it has ended. Back again:
#   sysctl -w net.netfilter.nf_log.2=nf_log_ipv4 net.netfilter.nf_log.10=nf_log_ipv6
# Before 2.0.6 each plugin needs a line of its own: plugin="/usr/lib/ulogd/ulogd_inppkt_NFLOG.so" ...
[global]
logfile="syslog"
loglevel=3
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,mac2str1:HWHDR,json1:JSON

[log1]
group=0
# a burst is held until it is written; bytes
netlink_socket_buffer_size=16777216
netlink_socket_buffer_maxsize=67108864

[json1]
sync=1
file="/var/log/nfwhy-trace.json"
`

const RSYSLOG = `# /etc/rsyslog.d/00-nfwhy.conf: the kernel's TRACE lines into a file of their own, and nowhere else.
# rsyslog has to read the kernel's log itself, without a limit; where its configuration does not, one of:
#   module(load="imklog")
#   module(load="imjournal" StateFile="imjournal.state" Ratelimit.Interval="0")
# Then: rsyslogd -N1 && systemctl restart rsyslog
if $syslogfacility-text == "kern" and $msg contains "TRACE: " then {
  action(type="omfile" file="/var/log/nfwhy-trace.log" template="RSYSLOG_FileFormat"
         asyncWriting="on" ioBufferSize="64k" flushInterval="1")
  stop
}
`

export const CONFIGURATIONS = { ulogd2: ULOGD2, rsyslog: RSYSLOG } as const
