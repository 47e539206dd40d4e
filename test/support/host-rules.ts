/** What a machine with Docker, firewalld and kube-proxy holds in nftables: none of it may change by one byte. */
export const HOST_RULES = `
table ip nat {
  chain DOCKER {
    iifname "docker0" return
  }
  chain PREROUTING { type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter packets 0 bytes 0 jump DOCKER
    ip daddr 10.43.0.10 tcp dport 443 dnat to 10.42.0.5:8443 comment "what kube-proxy does for a service"
    ip daddr 10.43.0.10 udp dport 53 dnat to 10.42.0.5:5353
  }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept;
    oifname != "docker0" ip saddr 172.17.0.0/16 masquerade
  }
}
table ip filter {
  chain DOCKER-USER { }
  chain FORWARD { type filter hook forward priority filter; policy accept;
    jump DOCKER-USER
  }
}
table inet firewalld {
  set trusted { type ipv4_addr; flags interval; elements = { 192.168.7.0/24 }
  }
  chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ip saddr @trusted accept
  }
}
`;
