namespace Verathos.Attestation.Tests;

/// <summary>Tests that empty the caches, or look at what they hold, run one after another and beside no others.</summary>
[CollectionDefinition(nameof(VerificationCache), DisableParallelization = true)]
public sealed class CacheTestsAlone;
