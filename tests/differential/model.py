# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node has to have for a cluster, worked out in the most obvious way.

Written from the documentation of the Service and EndpointSlice APIs, the behaviour of kube-proxy and
ipvsagent-semantics(7), not from the planner: it is slow, has no state, and looks at one address, port
and Service after the other. The outcome is a dictionary of sets of texts.
"""

import ipaddress

NAMES_V6 = {
    'KUBE-LOAD-BALANCER-SOURCE-CIDR': 'KUBE-6-LOAD-BALANCER-SOURCE-CID',
    'KUBE-NODE-PORT-LOCAL-SCTP-HASH': 'KUBE-6-NODE-PORT-LOCAL-SCTP-HAS',
}
NO_PROXY = 'service.kubernetes.io/service-proxy-name'
HEADLESS = 'service.kubernetes.io/headless'
SERVICE_OF_SLICE = 'kubernetes.io/service-name'
HEALTHZ_PORT = 10256
CLUSTER_IP, EXTERNAL_IP, LOAD_BALANCER_IP, NODE_PORT = range(4)


def family(address):
    return ipaddress.ip_address(address).version


def is_in(address, ranges):
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(r) for r in ranges
               if ipaddress.ip_network(r).version == family(address))


def key_of(thing):
    return thing['metadata'].get('namespace', 'default') + '/' + thing['metadata']['name']


def set_name(name, version):
    return name if version == 4 else NAMES_V6.get(name, name.replace('KUBE-', 'KUBE-6-', 1))


class Endpoint:
    """A pod's address and port, with the best that any slice says of it"""

    def __init__(self, address, port):
        self.address, self.port = address, port
        self.is_ready = self.is_leaving = self.is_local = False
        self.zones, self.nodes = set(), set()


class Model:
    """cluster: a list of objects; settings: see generator.py"""

    def __init__(self, cluster, settings):
        self.settings = settings
        self.services = [o for o in cluster if o['kind'] == 'Service']
        # As kube-proxy has asked for Services and EndpointSlices since 1.36.
        self.all_slices = [o for o in cluster if o['kind'] == 'EndpointSlice']
        self.slices = [o for o in self.all_slices if
                       HEADLESS not in o['metadata']['labels']]
        self.nodes = [o for o in cluster if o['kind'] == 'Node']
        self.node = next(n for n in self.nodes if n['metadata']['name'] == settings['node'])
        self.zone = self.node['metadata'].get('labels', {}).get('topology.kubernetes.io/zone', '')
        self.claims = {}   # (address, port, protocol, scope) -> [(rank, server)]
        self.members = {}  # name of a set -> set of texts
        self.bound = set()

    # --- which endpoints

    def endpoints(self, service, port, version):
        found = {}
        for piece in self.slices:
            labels = piece['metadata'].get('labels', {})
            if (labels.get(SERVICE_OF_SLICE) != service['metadata']['name'] or
                    piece['metadata']['namespace'] != service['metadata']['namespace'] or
                    piece['addressType'] != 'IPv%d' % version):
                continue
            for target in piece['ports']:
                if (target.get('name', '') != port.get('name', '') or not target.get('port') or
                        target.get('protocol', 'TCP') != port.get('protocol', 'TCP')):
                    continue
                for entry in piece['endpoints']:
                    address = entry['addresses'][0]
                    endpoint = found.setdefault((address, target['port']),
                                                Endpoint(address, target['port']))
                    self.look_at(endpoint, entry)
        return list(found.values())

    def look_at(self, endpoint, entry):
        """A condition that is not there: ready and serving, and not terminating"""
        conditions = entry.get('conditions', {})
        ready, serving = conditions.get('ready'), conditions.get('serving')
        endpoint.is_ready |= ready is None or ready
        endpoint.is_leaving |= (serving is None or serving) and bool(conditions.get('terminating'))
        endpoint.is_local |= entry.get('nodeName') == self.settings['node']
        hints = entry.get('hints', {})
        endpoint.zones |= {h['name'] for h in hints.get('forZones', [])}
        endpoint.nodes |= {h['name'] for h in hints.get('forNodes', [])}

    def nearest(self, ready):
        """Hints count if every ready endpoint has one and one is for here; nodes before zones"""
        for hints, here in ((lambda e: e.nodes, self.settings['node']),
                            (lambda e: e.zones, self.zone)):
            if here and all(hints(e) for e in ready) and any(here in hints(e) for e in ready):
                return [e for e in ready if here in hints(e)]
        return ready

    def for_cluster(self, endpoints):
        ready = [e for e in endpoints if e.is_ready]
        return self.nearest(ready) if ready else [e for e in endpoints if e.is_leaving]

    def for_local(self, endpoints):
        local = [e for e in endpoints if e.is_local]
        ready = [e for e in local if e.is_ready]
        return ready or [e for e in local if e.is_leaving]

    # --- which addresses

    def node_port_addresses(self):
        chosen = []
        for address in self.settings['node_addresses']:
            ranges = [r for r in self.settings['node_port_addresses']
                      if ipaddress.ip_network(r).version == family(address)]
            if not ranges or is_in(address, ranges):
                chosen.append(address)
        return chosen

    def node_ip(self, version):
        for address in self.node['status']['addresses']:
            if address['type'] == 'InternalIP' and family(address['address']) == version:
                return address['address']
        return '127.0.0.1' if version == 4 else '::1'

    def is_owned_elsewhere(self, address):
        """Of this node, another one, a pod or an API server"""
        if address in self.settings['node_addresses']:
            return True
        for node in self.nodes:
            if node is not self.node and address in [a['address']
                                                     for a in node['status']['addresses']]:
                return True
        for piece in self.all_slices:
            is_api = (piece['metadata']['namespace'] == 'default' and
                      piece['metadata'].get('labels', {}).get(SERVICE_OF_SLICE) == 'kubernetes')
            for entry in piece['endpoints']:
                if address in entry['addresses'][:1] and (is_api or entry.get('nodeName')):
                    return True
        return False

    def addresses(self, service, port, version):
        """All of a port: (origin, address, number)"""
        spec, settings = service['spec'], self.settings
        found = [(CLUSTER_IP, a, port['port']) for a in spec['clusterIPs']]
        found += [(EXTERNAL_IP, a, port['port']) for a in spec.get('externalIPs', [])
                  if not settings['allowed_external'] or is_in(a, settings['allowed_external'])]
        for entry in service.get('status', {}).get('loadBalancer', {}).get('ingress', []):
            if entry.get('ip') and entry.get('ipMode', 'VIP') == 'VIP':
                found.append((LOAD_BALANCER_IP, entry['ip'], port['port']))
        found = [f for f in found if not is_in(f[1], settings['unprogrammed'])]
        if port.get('nodePort'):
            found += [(NODE_PORT, a, port['nodePort']) for a in self.node_port_addresses()]
        return [f for f in found if family(f[1]) == version]

    def may_bind(self, service, origin, address):
        if origin == NODE_PORT or is_in(address, self.settings['unbound']):
            return False
        if service['metadata'].get('annotations', {}).get('ipvsagent/do-not-bind') == 'true':
            return False
        return origin == CLUSTER_IP or not self.is_owned_elsewhere(address)

    # --- what follows

    def add(self, name, version, text):
        self.members.setdefault(set_name(name, version), set()).add(text)

    def plan_service(self, service):
        spec = service['spec']
        labels = service['metadata'].get('labels', {})
        annotations = service['metadata'].get('annotations', {})
        if (spec.get('type') == 'ExternalName' or spec.get('clusterIP') in (None, '', 'None') or
                NO_PROXY in labels or
                annotations.get('ipvsagent/do-not-program') == 'true'):
            return
        for version in [family(a) for a in spec['clusterIPs']]:
            for port in spec['ports']:
                self.plan_port(service, port, version)

    def plan_port(self, service, port, version):
        spec = service['spec']
        endpoints = self.endpoints(service, port, version)
        addresses = self.addresses(service, port, version)
        protocol = port.get('protocol', 'TCP').lower()
        is_open = spec.get('type') in ('NodePort', 'LoadBalancer') or spec.get('externalIPs')
        is_local = bool(spec.get('externalTrafficPolicy') == 'Local' and is_open)
        if addresses:
            for e in endpoints:
                if e.is_local:
                    self.add('KUBE-LOOP-BACK', version, '%s,%s:%d,%s' %
                             (e.address, protocol, e.port, e.address))
        if is_local and spec.get('type') == 'LoadBalancer' and spec.get('healthCheckNodePort'):
            self.add('KUBE-HEALTH-CHECK-NODE-PORT', version, str(spec['healthCheckNodePort']))
        for origin, address, number in addresses:
            self.plan_address(service, port, endpoints, origin, address, number, is_local)

    def plan_address(self, service, port, endpoints, origin, address, number, is_local):
        version, protocol = family(address), port.get('protocol', 'TCP').lower()
        everywhere, here = self.for_cluster(endpoints), self.for_local(endpoints)
        place = '%s,%s:%d' % (address, protocol, number)
        members = []  # that are the business of whoever has the virtual server
        chosen = everywhere
        if origin == CLUSTER_IP:
            if service['spec'].get('internalTrafficPolicy') == 'Local':
                chosen = here
        elif is_local and self.settings['has_in_cluster']:
            chosen = here
            members.append(('KUBE-IN-CLUSTER', place))
            self.claim(service, origin, address, number, protocol, 'in-cluster', everywhere, [])
            if everywhere and not here:
                members.append(('KUBE-NO-LOCAL-ENDPOINT', place))
        elif is_local:
            chosen = here or everywhere
        members += self.members_of(service, port, origin, address, number, place, is_local)
        self.claim(service, origin, address, number, protocol, 'any', chosen, members)
        if self.may_bind(service, origin, address):
            self.bound.add(address)
            self.add('KUBE-IPVS-IPS', version, address)
            if origin == LOAD_BALANCER_IP:
                self.health_checks(service, address)

    def health_checks(self, service, address):
        """Some load balancers send them to the load balancer IP"""
        for number in (HEALTHZ_PORT, service['spec'].get('healthCheckNodePort')):
            if number:
                self.add('KUBE-LOAD-BALANCER-HEALTH', family(address),
                         '%s,tcp:%d' % (address, number))

    def members_of(self, service, port, origin, address, number, place, is_local):
        version = family(address)
        if origin == CLUSTER_IP:
            balancers = [ipaddress.ip_address(i['ip']) for i in
                         service.get('status', {}).get('loadBalancer', {}).get('ingress', [])
                         if i.get('ip') and i.get('ipMode', 'VIP') == 'VIP']
            if (ipaddress.ip_address(address) in balancers and
                    self.source_ranges(service, address, place)):
                return []
            return [('KUBE-CLUSTER-IP', place)]
        if origin == EXTERNAL_IP:
            return [('KUBE-EXTERNAL-IP-LOCAL' if is_local else 'KUBE-EXTERNAL-IP', place)]
        if origin == LOAD_BALANCER_IP:
            return ([('KUBE-LOAD-BALANCER', place)] +
                    ([('KUBE-LOAD-BALANCER-LOCAL', place)] if is_local else []) +
                    self.source_ranges(service, address, place))
        self.add('KUBE-NODE-PORT-IP', version, address)
        protocol = port.get('protocol', 'TCP')
        names = ['KUBE-NODE-PORT-' + protocol]
        if is_local:
            names.append('KUBE-NODE-PORT-LOCAL-' + protocol)
        if protocol == 'SCTP':
            return [(name + '-HASH', place) for name in names]
        for name in names:
            self.add(name, version, str(number))
        return []

    def source_ranges(self, service, address, place):
        version = family(address)
        ranges = [ipaddress.ip_network(r) for r in
                  service['spec'].get('loadBalancerSourceRanges', [])]
        own = [r for r in ranges if r.version == version]
        if any(r.prefixlen == 0 for r in own):
            return []
        if not own and not (ranges and self.settings['strict']):
            return []
        members = [('KUBE-LOAD-BALANCER-FW', place)]
        for r in own:
            text = str(r) if r.prefixlen < r.max_prefixlen else str(r.network_address)
            members.append(('KUBE-LOAD-BALANCER-SOURCE-CIDR', place + ',' + text))
        if is_in(self.node_ip(version), [str(r) for r in own]):
            members.append(('KUBE-LOAD-BALANCER-SOURCE-IP', place + ',' + address))
        return members

    def scheduling(self, service, scope):
        spec, settings = service['spec'], self.settings
        annotated = service['metadata'].get('annotations', {}).get('ipvsagent/scheduler')
        seconds = 0
        if spec.get('sessionAffinity') == 'ClientIP':
            seconds = spec.get('sessionAffinityConfig', {}).get('clientIP', {}).get(
                'timeoutSeconds', 10800)
        if seconds and scope == 'in-cluster':
            return 'sh', 0
        if annotated:
            return annotated, seconds
        if seconds and settings['affinity_scheduler'] != 'inherit':
            return settings['affinity_scheduler'], seconds
        return settings['scheduler'], seconds

    def claim(self, service, origin, address, number, protocol, scope, endpoints, members):
        """Of several Services the one whose ClusterIP it is, else the oldest, has a server"""
        rank = (origin != CLUSTER_IP, service['metadata'].get('creationTimestamp', ''),
                key_of(service))
        scheduler, seconds = self.scheduling(service, scope)
        text = ' '.join([key_of(service), scheduler, str(seconds)] +
                        sorted('%s|%d|1' % (e.address, e.port) for e in endpoints))
        self.claims.setdefault((address, number, protocol, scope), []).append(
            (rank, text, endpoints, members))

    def plan(self):
        for service in self.services:
            self.plan_service(service)
        servers = set()
        for (address, number, protocol, scope), claims in self.claims.items():
            best = min(claim[0] for claim in claims)
            winners = [claim for claim in claims if claim[0] == best]
            servers.add('%s %d %s %s %s' % (address, number, protocol, scope, winners[0][1]))
            if scope == 'any' and not winners[0][2]:
                self.add('KUBE-NO-ENDPOINT', family(address),
                         '%s,%s:%d' % (address, protocol, number))
            # One Service may name an address twice, as an external and as a load balancer IP.
            for claim in claims:
                if claim[0][2] == best[2]:
                    for name, text in claim[3]:
                        self.add(name, family(address), text)
        return dict(self.members, servers=servers, addresses=self.bound)
