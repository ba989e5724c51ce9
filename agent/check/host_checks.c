/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "lib/kernel/sysctl.h"
#include "lib/source/file_content.h"
#include "lib/source/kube/kube_certificate.h"
#include "lib/source/kube/kube_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#define DAY_SECONDS	  86400
#define DAYS_OF_WARNING	  7
#define PERCENT_OF_TABLE  90
#define MANY_DESTINATIONS 20000

static void check_connections(struct findings *findings)
{
	int count = 0, max = 0;

	if (sysctl_get("net/netfilter/nf_conntrack_count", &count, NULL) < 0 ||
	    sysctl_get("net/netfilter/nf_conntrack_max", &max, NULL) < 0)
		return;
	if (max <= 0 || (long long)count * 100 < (long long)max * PERCENT_OF_TABLE)
		return;
	findings_add(
		findings, SEVERITY_WARNING,
		"raise net.netfilter.nf_conntrack_max, or conntrack.maxPerCore of the agent",
		"%d of %d connections are tracked: new ones are dropped when the table is full",
		count, max);
}

static size_t count_destinations(void)
{
	FILE *stream = fopen("/proc/net/ip_vs", "re");
	char line[256];
	size_t count = 0;

	while (stream && fgets(line, sizeof(line), stream))
		count += strncmp(line, "  -> ", 5) == 0 && !strstr(line, "RemoteAddress");
	if (stream)
		fclose(stream);
	return count;
}

static void check_estimation(const struct options *options, struct findings *findings)
{
	int value = 0;
	size_t count;

	if (options->suspend_estimation ||
	    sysctl_get("net/ipv4/vs/run_estimation", &value, NULL) < 0 || value != 1)
		return;
	count = count_destinations();
	if (count >= MANY_DESTINATIONS)
		findings_add(
			findings, SEVERITY_NOTE,
			"unless rates and counters of IPVS are read, use --suspend-estimation",
			"IPVS has %zu destinations, and the kernel sums up the counters and rates "
			"of each of them every two seconds (net.ipv4.vs.run_estimation is 1)",
			count);
}

void limits_check(const struct options *options, struct findings *findings)
{
	check_connections(findings);
	check_estimation(options, findings);
}

static void judge_certificate(const char *name, const char *pem, struct findings *findings)
{
	long long left = (long long)kube_certificate_expiry(pem) - (long long)time(NULL);

	if (!kube_certificate_expiry(pem))
		findings_add(findings, SEVERITY_ERROR, "", "%s: there is no certificate in it",
			     name);
	else if (left <= 0)
		findings_add(findings, SEVERITY_ERROR, "renew it, as with `kubeadm certs renew`",
			     "%s: the client certificate expired %lld days ago", name,
			     -left / DAY_SECONDS);
	else if (left < (long long)DAYS_OF_WARNING * DAY_SECONDS)
		findings_add(findings, SEVERITY_WARNING, "renew it, as with `kubeadm certs renew`",
			     "%s: the client certificate expires in %lld hours", name, left / 3600);
}

static void check_certificate_file(const char *path, struct findings *findings)
{
	struct file_content content = {0};
	struct error err = {0};
	int r = file_content_open(&content, path, &err);

	while (r >= 0 && (r = file_content_step(&content, &err)) > 0)
		;
	if (r < 0) {
		findings_add(findings, SEVERITY_ERROR, "", "%s", err.text);
	} else {
		auto_memory char *pem = string_printf("%.*s", (int)content.size, content.bytes);

		judge_certificate(path, pem, findings);
	}
	file_content_clear(&content);
}

static void check_certificate(const struct kube_config *config, struct findings *findings)
{
	if (config->certificate.content)
		judge_certificate(config->origin, config->certificate.content, findings);
	else if (config->certificate.path)
		check_certificate_file(config->certificate.path, findings);
}

static void check_clock(struct findings *findings)
{
	struct timex state = {0};
	int r = adjtimex(&state);

	if (r == TIME_ERROR || (r >= 0 && state.status & STA_UNSYNC))
		findings_add(findings, SEVERITY_NOTE, "run a time service, such as chrony",
			     "the kernel's clock is not synchronised; certificates and tokens are "
			     "valid for a time");
}

void credentials_check(const struct options *options, struct findings *findings)
{
	const struct kube_config_place place = {
		.kubeconfig = options->client.kubeconfig,
		.master = options->client.master,
		.service_account = KUBE_CONFIG_SERVICE_ACCOUNT,
	};
	auto_free(kube_config) struct kube_config *config = NULL;
	struct error err = {0};

	if (options->manifests.count)
		return;
	if (kube_config_load(&place, &config, &err) < 0)
		findings_add(findings, SEVERITY_ERROR, "use --kubeconfig or --manifests", "%s",
			     err.text);
	else
		check_certificate(config, findings);
	check_clock(findings);
}
