/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module_remedy.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <string.h>

#define TO_INSTALL "install the package of the kernel's other modules: "

/*
 * What releases of which distribution contain, the more special ones first; and the packages that
 * have all modules. "%s" is the release.
 */
static const struct {
	const char *mark, *packages;
} distributions[] = {
	{"uek", "kernel-uek-modules-extra-%s"},
	{".el", "kernel-modules-extra-%s"},
	{".fc", "kernel-modules-%s and kernel-modules-extra-%s"},
	{".amzn", "kernel-modules-extra-%s"},
	{"-cloud-", "linux-image-amd64 or linux-image-arm64, which replace the cloud kernel"},
	{"-amd64", "linux-image-%s"},
	{"-arm64", "linux-image-%s"},
	{"-default", "kernel-default, which replaces kernel-default-base"},
	{"-virt", "linux-lts, which replaces linux-virt"},
	{"-lts", "linux-lts"},
	{"-generic", "linux-modules-extra-%s"},
	{"-aws", "linux-modules-extra-%s"},
	{"-azure", "linux-modules-extra-%s"},
	{"-gcp", "linux-modules-extra-%s"},
	{"-gke", "linux-modules-extra-%s"},
	{"-oracle", "linux-modules-extra-%s"},
	{"-kvm", "linux-modules-extra-%s"},
	{"-raspi", "linux-modules-extra-%s"},
};

static const char elsewhere[] =
	"kernel-modules-extra on Fedora and Enterprise Linux, linux-modules-extra-%s on Ubuntu, "
	"linux-image-%s on Debian, kernel-default instead of kernel-default-base on SUSE, linux-lts "
	"instead of linux-virt on Alpine";

/* Each "%s" of @text becomes @release. */
static void append(char *buffer, const char *text, const char *release)
{
	for (size_t used = strlen(buffer); *text && used < MODULE_REMEDY_SIZE;
	     used = strlen(buffer)) {
		size_t length = strcspn(text, "%");
		bool is_release = text[length] == '%';

		snprintf(buffer + used, MODULE_REMEDY_SIZE - used, "%.*s%s", (int)length, text,
			 is_release ? release : "");
		text += length + (is_release ? strlen("%s") : 0);
	}
}

const char *module_remedy(const char *release, char *buffer)
{
	const char *packages = elsewhere;

	for (size_t i = 0; i < COUNT(distributions); i++) {
		if (strstr(release, distributions[i].mark)) {
			packages = distributions[i].packages;
			break;
		}
	}
	snprintf(buffer, MODULE_REMEDY_SIZE, TO_INSTALL);
	append(buffer, packages, release);
	return buffer;
}
