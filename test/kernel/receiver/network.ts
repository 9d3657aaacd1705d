/**
 * Shell commands that make a router between two hosts, with IPv4 and IPv6: namespaces of a shell that is in one of its
 * own. `there PID COMMAND` runs in the host's; `$left` and `$right` are they.
 */
import { AWAIT_ADDRESSES } from '../namespaces.ts'

export const NETWORK = `
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
unshare --net sleep 100 & left=$!
unshare --net sleep 100 & right=$!
there() { nsenter --net=/proc/$1/ns/net sh -c "$2"; }
elsewhere() { until [ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done; }
elsewhere $left; elsewhere $right
ip link add lan type veth peer name eth0 netns $left
ip link add wan type veth peer name eth0 netns $right
ip addr add 192.0.2.1/24 dev lan; ip addr add 2001:db8:1::1/64 dev lan nodad; ip link set lan up
ip addr add 198.51.100.1/24 dev wan; ip addr add 2001:db8:2::1/64 dev wan nodad; ip link set wan up
host() { there $1 "ip link set lo up; ip addr add $2.2/24 dev eth0; ip addr add $3::2/64 dev eth0 nodad; ip link set eth0 up
ip route add default via $2.1; ip -6 route add default via $3::1"; }
host $left 192.0.2 2001:db8:1
host $right 198.51.100 2001:db8:2
${AWAIT_ADDRESSES}
there $left 'ping -c1 -W1 198.51.100.2; ping -c1 -W1 2001:db8:2::2' > /dev/null
`

/** Ends what NETWORK has begun. */
export const ENDED = 'kill $left $right'
