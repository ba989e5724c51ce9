# SPDX-License-Identifier: GPL-2.0-or-later
"""Random clusters and settings. Addresses, names and ports are few, so that they meet."""

NODES = ['node1', 'node2', 'node3']
ZONES = ['zone-a', 'zone-b']
PROTOCOLS = ['TCP', 'TCP', 'UDP', 'SCTP']
RANGES = {
    4: ['10.0.0.0/8', '192.168.77.10/32', '192.168.0.0/16', '127.0.0.0/8', '198.51.100.0/24',
        '0.0.0.0/0'],
    6: ['fd77::/64', 'fd77::10/128', '2001:db8:5::/48', '::1/128', '::/0'],
}
# The node's own, another node's, those of pods, of other Services and of nobody.
EXTERNAL = {
    4: ['198.18.0.1', '198.18.0.2', '203.0.113.1', '203.0.113.2', '192.168.77.10', '192.168.77.11',
        '192.168.77.20', '10.244.1.1', '10.244.2.1', '10.96.0.1', '10.96.0.2'],
    6: ['2001:db8:1::1', '2001:db8:1::2', 'fd77::10', 'fd77::20', 'fd00:10:244:1::1',
        'fd00:96::1'],
}


class Generator:
    def __init__(self, random):
        self.random = random
        self.used_node_ports = set()
        self.cluster_ips = {4: 0, 6: 0}

    def happens(self, percent):
        return self.random.randrange(100) < percent

    def some(self, things, most):
        return self.random.sample(things, self.random.randint(0, min(most, len(things))))

    def settings(self):
        choose = self.random.choice
        return {
            'node': 'node1',
            'node_addresses': ['192.168.77.10'] + self.some(
                ['192.168.77.11', 'fd77::10', '203.0.113.2', 'fd77::11'], 3),
            'node_port_addresses': self.some(
                ['192.168.77.10/32', '192.168.0.0/16', '203.0.113.0/24', 'fd77::/64'], 2)
            if self.happens(40) else [],
            'scheduler': choose(['rr', 'wrr', 'lc', 'sh', 'mh']),
            'affinity_scheduler': choose(['sh', 'sh', 'inherit', 'mh']),
            'has_in_cluster': self.happens(75),
            'strict': self.happens(30),
            'unbound': self.some(['10.96.0.2/32', '198.18.0.0/15', '2001:db8:1::/64'], 1)
            if self.happens(30) else [],
            'unprogrammed': self.some(['10.96.0.3/32', '203.0.113.0/24', 'fd00:96::2/128'], 1)
            if self.happens(30) else [],
            'allowed_external': ['198.18.0.0/15', '2001:db8:1::1/128']
            if self.happens(20) else [],
        }

    def node(self, name):
        number = NODES.index(name)
        addresses = [{'type': 'InternalIP', 'address': '192.168.77.%d0' % (number + 1)}]
        if self.happens(70):
            addresses.append({'type': 'InternalIP', 'address': 'fd77::%d0' % (number + 1)})
        labels = {'kubernetes.io/hostname': name}
        if self.happens(80):
            labels['topology.kubernetes.io/zone'] = self.random.choice(ZONES)
        return {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': name, 'labels': labels},
                'spec': {'podCIDRs': ['10.244.%d.0/24' % (number + 1)]},
                'status': {'addresses': addresses}}

    def cluster_ip(self, version):
        self.cluster_ips[version] += 1
        return ('10.96.0.%d' if version == 4 else 'fd00:96::%d') % self.cluster_ips[version]

    def port(self, name, number, has_node_port):
        port = {'name': name, 'port': number, 'protocol': self.random.choice(PROTOCOLS)}
        if not name:
            del port['name']
        if port['protocol'] == 'TCP' and self.happens(50):
            del port['protocol']
        node_port = self.random.randrange(30000, 30020)
        if has_node_port and (node_port, port.get('protocol')) not in self.used_node_ports:
            # Two protocols could share one; TCP may be left out, so that it has two names here.
            self.used_node_ports |= {(node_port, p) for p in PROTOCOLS + [None]}
            port['nodePort'] = node_port
        return port

    def ports(self, has_node_ports):
        if self.happens(50):
            return [self.port('', 80, has_node_ports)]
        return [self.port(name, number, has_node_ports) for name, number in
                [('http', 80), ('https', 443), ('dns', 53)][:self.random.randint(1, 3)]]

    def service(self, number):
        kind = self.random.choice(['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer',
                                   'LoadBalancer'])
        versions = self.random.choice([[4], [4], [4, 6], [6, 4], [6]])
        has_node_ports = kind == 'NodePort' or (kind == 'LoadBalancer' and self.happens(60))
        ips = [self.cluster_ip(v) for v in versions]
        spec = {'type': kind, 'clusterIP': ips[0], 'clusterIPs': ips,
                'ipFamilies': ['IPv%d' % v for v in versions],
                'ports': self.ports(has_node_ports)}
        metadata = {'name': 'service%d' % number, 'namespace': self.random.choice(['a', 'b']),
                    'labels': {}, 'annotations': {},
                    'creationTimestamp': '2026-01-01T00:00:0%dZ' % self.random.randrange(3)}
        service = {'apiVersion': 'v1', 'kind': 'Service', 'metadata': metadata, 'spec': spec}
        if self.happens(35):
            spec['externalIPs'] = self.some(EXTERNAL[4] + EXTERNAL[6], 3)
        if self.happens(45):
            spec['externalTrafficPolicy'] = self.random.choice(['Local', 'Local', 'Cluster'])
        if self.happens(25):
            spec['internalTrafficPolicy'] = self.random.choice(['Local', 'Cluster'])
        if self.happens(30):
            spec['sessionAffinity'] = 'ClientIP'
            if self.happens(60):
                spec['sessionAffinityConfig'] = {
                    'clientIP': {'timeoutSeconds': self.random.choice([1, 60, 86400])}}
        if kind == 'LoadBalancer':
            self.balance(service)
        self.opt_out(service)
        return service

    def balance(self, service):
        ingress = []
        for address in self.some(EXTERNAL[4] + EXTERNAL[6], 3):
            entry = {'ip': address}
            if self.happens(30):
                entry['ipMode'] = self.random.choice(['VIP', 'Proxy'])
            ingress.append(entry)
        if self.happens(10):
            ingress.append({'hostname': 'balancer.example'})
        service['status'] = {'loadBalancer': {'ingress': ingress}}
        if self.happens(45):
            ranges = self.some(RANGES[4][:-1] + RANGES[6][:-1], 3)
            if self.happens(15):
                ranges.append(self.random.choice([RANGES[4][-1], RANGES[6][-1]]))
            if ranges:
                service['spec']['loadBalancerSourceRanges'] = ranges
        if service['spec'].get('externalTrafficPolicy') == 'Local' and self.happens(80):
            service['spec']['healthCheckNodePort'] = 31000 + len(self.used_node_ports)

    def opt_out(self, service):
        metadata, spec = service['metadata'], service['spec']
        if self.happens(4):
            metadata['labels']['service.kubernetes.io/service-proxy-name'] = 'other'
        if self.happens(3):
            metadata['labels']['service.kubernetes.io/headless'] = ''
        if self.happens(4):
            metadata['annotations']['ipvsagent/do-not-program'] = 'true'
        if self.happens(4):
            metadata['annotations']['ipvsagent/do-not-bind'] = 'true'
        if self.happens(8):
            metadata['annotations']['ipvsagent/scheduler'] = self.random.choice(['lc', 'wlc', 'mh'])
        if spec['type'] == 'ClusterIP' and self.happens(8):
            spec['clusterIP'] = 'None'
            spec['clusterIPs'] = ['None']
        elif spec['type'] == 'ClusterIP' and self.happens(4):
            service['spec'] = {'type': 'ExternalName', 'externalName': 'name.example'}

    def conditions(self, is_ending):
        """Of one of many, or of a Service whose endpoints are all about to go"""
        conditions = {}
        for name, likely, ending in (('ready', 75, 3), ('serving', 80, 50),
                                     ('terminating', 25, 80)):
            likely = ending if is_ending else likely
            if self.happens(97 if is_ending else 70):
                conditions[name] = self.happens(likely)
        return conditions

    def endpoint(self, version, pod, hints, is_ending):
        node = NODES[pod % 3]
        pattern = '10.244.%d.%d' if version == 4 else 'fd00:10:244:%d::%d'
        entry = {'addresses': [pattern % (pod % 3 + 1, pod // 3 + 1)],
                 'conditions': self.conditions(is_ending)}
        if pod != 7:  # which is somewhere else
            entry['nodeName'] = node
        if hints and self.happens(95):
            entry['hints'] = {}
            if hints in ('zones', 'both'):
                entry['hints']['forZones'] = [{'name': ZONES[pod % 2]}]
            if hints in ('nodes', 'both'):
                entry['hints']['forNodes'] = [{'name': node}]
        return entry

    def slices(self, service, number):
        """Those of a Service. What several slices say of a pod differs in its conditions only."""
        made, spec = [], service['spec']
        hints = self.random.choice([None, None, 'zones', 'nodes', 'both'])
        hinted, is_ending = {}, self.happens(20)
        for index in range(self.random.randint(0, 3)):
            version = self.random.choice([4, 4, 6])
            ports = []
            for port in spec.get('ports', []):
                if self.happens(85):
                    ports.append({'name': port.get('name', ''),
                                  'protocol': port.get('protocol', 'TCP'),
                                  'port': 8000 + port['port']})
            if self.happens(10):
                ports.append({'name': 'more', 'protocol': 'TCP', 'port': 9000})
            entries = []
            for pod in self.some(list(range(9)), 6):
                entry = self.endpoint(version, pod, hints, is_ending)
                entry.pop('hints', None) if pod in hinted and not hinted[pod] else None
                if pod in hinted and hinted[pod]:
                    entry['hints'] = hinted[pod]
                hinted[pod] = entry.get('hints')
                entries.append(entry)
            labels = {'kubernetes.io/service-name': service['metadata']['name']}
            if self.happens(4):
                labels['service.kubernetes.io/headless'] = ''
            made.append({
                'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice',
                'metadata': {'name': 'slice%d-%d' % (number, index),
                             'namespace': service['metadata']['namespace'],
                             'labels': labels},
                'addressType': 'IPv%d' % version, 'ports': ports, 'endpoints': entries})
        return made

    def cluster(self):
        objects = [self.node(name) for name in NODES if name == 'node1' or self.happens(80)]
        for number in range(self.random.randint(1, 6)):
            service = self.service(number)
            objects.append(service)
            objects += self.slices(service, number)
        return objects
