"""Fields that Railway's schema has and the fake's has not: asked for, they are a gap and no mistake."""

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABSENT: Mapping[str, frozenset[str]] = {
    "Query": _names(
        """
        adminVolumeInstancesForVolume allPlatformFeatureFlags apiTokens auditLog
        auditLogEventTypeInfo auditLogs bucketInstanceDetails bucketS3Credentials
        changelogBlockImage complianceAgreements deploymentInstanceExecutions domainStatus
        egressGateways environmentPatch environmentPatches environmentStagedChanges
        estimatedUsage events externalWorkspaces functionRuntime functionRuntimes
        gitHubRepoAccessAvailable gitHubSshKeys githubIsRepoNameAvailable githubRepo
        githubRepoBranches githubRepos githubWritableScopes herokuApps httpLogs integrationAuth
        integrationAuths integrations inviteCode metrics node notificationDeliveries
        observabilityDashboards passkeys plugin pluginLogs preferences privateNetworkEndpoint
        privateNetworkEndpointNameAvailable privateNetworks projectCompliance projectInvitation
        projectInvitations projectInviteCode projectMembers projectResourceAccess
        projectWorkspaceMembers publicStats referralInfo regions resourceAccess
        serviceInstanceIsUpdatable serviceInstanceLimitOverride serviceInstanceLimits sessions
        sshPublicKeys tcpProxies team teamTemplates template templateMetrics
        templateSourceForProject templates templatesCount trustedDomains twoFactorInfo usage
        userKickbackEarnings userProfile userTemplates vercelInfo volumeInstance
        volumeInstanceBackupList volumeInstanceBackupScheduleList workflowStatus workspaceByCode
        workspaceIdentityProviders workspaceTemplates
        """
    ),
    "Mutation": _names(
        """
        apiTokenCreate apiTokenDelete baseEnvironmentOverride bucketCreate
        bucketCredentialsReset bucketUpdate deploymentInstanceExecutionCreate
        deploymentTriggerCreate deploymentTriggerDelete deploymentTriggerUpdate
        dockerComposeImport egressGatewayAssociationCreate egressGatewayAssociationsClear
        environmentPatchCommit environmentPatchCommitStaged environmentStageChanges
        environmentUnskipService githubRepoDeploy githubRepoUpdate herokuImportVariables
        integrationCreate integrationDelete integrationUpdate inviteCodeUse loginSessionAuth
        loginSessionCancel loginSessionConsume loginSessionCreate loginSessionVerify
        observabilityDashboardCreate pluginCreate pluginDelete pluginRestart pluginStart
        pluginUpdate preferencesUpdate privateNetworkCreateOrGet
        privateNetworkEndpointCreateOrGet privateNetworkEndpointDelete
        privateNetworkEndpointRename privateNetworksForEnvironmentDelete projectClaim
        projectFeatureFlagAdd projectFeatureFlagRemove projectInvitationAccept
        projectInvitationCreate projectInvitationDelete projectInvitationResend
        projectInviteUser projectLeave projectMemberRemove projectMemberUpdate
        projectScheduleDelete projectScheduleDeleteCancel projectScheduleDeleteForce
        projectTransfer projectTransferConfirm projectTransferInitiate serviceDuplicate
        serviceFeatureFlagAdd serviceFeatureFlagRemove serviceInstanceLimitsUpdate
        serviceRemoveUpstreamUrl sharedVariableConfigure sshPublicKeyCreate sshPublicKeyDelete
        tcpProxyCreate tcpProxyDelete templateClone templateDelete templateDeploy
        templateDeployV2 templateGenerate templatePublish templateServiceSourceEject
        templateUnpublish trustedDomainCreate trustedDomainDelete upsertSlackChannel
        usageLimitRemove usageLimitSet userDelete userProfileUpdate volumeCreate volumeDelete
        volumeInstanceBackupCreate volumeInstanceBackupDelete volumeInstanceBackupLock
        volumeInstanceBackupRestore volumeInstanceUpdate volumeUpdate
        """
    ),
    "Environment": _names("config meta"),
    "Project": _names(
        """
        botPrEnvironments deploymentTriggers featureFlags focusedPrEnvironments groups
        members plugins projectPermissions subscriptionPlanLimit team teamId
        """
    ),
    "Service": _names("featureFlags hasHiddenRegistryCredentialsFromTemplate templateThreadSlug"),
    "ServiceInstance": _names("nixpacksPlan railpackInfo upstreamUrl"),
    "User": _names(
        """
        agreedFairUse banReason featureFlags flags lastLogin profile projects providerAuths
        workspace
        """
    ),
    "Workspace": _names("adoptionHistory customer identityProviders members team"),
}
"""By type. The list is Railway's, as of August 2026; what is in neither schema is a mistake of the caller."""
