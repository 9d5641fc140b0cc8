using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// Gets documents from the disk cache, from the services, or from both: a stored one that is recent is taken, else the service is asked,
/// its answer verified, judged by its dates, compared with what was seen before, and stored. Without a network, only the disk is read.
/// </summary>
/// <param name="anchors">The roots that every document must lead to.</param>
/// <param name="at">The time of judgement.</param>
/// <param name="options">When a stored document is good enough.</param>
/// <param name="cache">The disk cache; null for none.</param>
/// <param name="network">The services; null where nothing may be fetched.</param>
/// <param name="progress">Told what is about to be fetched; null for nobody.</param>
public sealed class CollateralCollector(
    TrustAnchors anchors, DateTimeOffset at, CollectOptions options, CollateralCache? cache, CollateralNetwork? network, IProgress<string>? progress = null)
{
    private readonly List<CollectedDocument> _collected = [];

    /// <summary>Everything that was asked for so far, in that order.</summary>
    public IReadOnlyList<CollectedDocument> Documents => _collected;

    internal TrustAnchors Anchors => anchors;

    /// <summary>Gets one document.</summary>
    /// <exception cref="CollateralException">It is not to be had, or what is offered is not taken; the message names it.</exception>
    internal async Task<CollateralDocument> GetAsync(CollateralItem item, CancellationToken cancellationToken)
    {
        (CollateralDocument? stored, DocumentFacts? facts, string problem) = cache is null
            ? (null, null, "there is no cache")
            : await cache.FindAsync(item, anchors, cancellationToken).ConfigureAwait(false);
        if (stored is not null && IsRecent(item, stored, facts!))
        {
            return Add(item, stored, facts!, DocumentOrigin.Cache);
        }

        if (network is null)
        {
            return stored is not null
                ? Add(item, stored, facts!, DocumentOrigin.Cache, facts!.ProblemAt(at))
                : throw new CollateralException(FetchFailure.Missing, $"{item.Title}: {problem}, and nothing is fetched unless asked: fetch it, or import a file that holds it");
        }

        try
        {
            progress?.Report(PrintableText.Escape(item.Title));
            CollateralDocument fetched = await network.FetchAsync(item, cancellationToken).ConfigureAwait(false) with { FetchedAt = at };
            return await TakeAsync(item, fetched, cancellationToken).ConfigureAwait(false);
        }
        catch (CollateralException e) when (e.IsTransient && stored is not null && facts!.ProblemAt(at) is null)
        {
            return Add(item, stored, facts!, DocumentOrigin.CacheForLackOfService, e.Message);
        }
    }

    /// <summary>Gets one document that its service may well not have; null then, and the list of documents says so.</summary>
    internal async Task<CollateralDocument?> TryGetAsync(CollateralItem item, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(item, cancellationToken).ConfigureAwait(false);
        }
        catch (CollateralException e) when (e.Failure is FetchFailure.NotFound or FetchFailure.Missing)
        {
            _collected.Add(new CollectedDocument
            {
                Kind = item.Kind,
                Name = item.Name,
                Title = PrintableText.Escape(item.Title),
                Origin = DocumentOrigin.Missing,
                Remark = e.Message,
            });
            return null;
        }
    }

    private async Task<CollateralDocument> TakeAsync(CollateralItem item, CollateralDocument fetched, CancellationToken cancellationToken)
    {
        DocumentFacts facts = DocumentVerifier.Verify(fetched, anchors, item, out string problem)
            ?? throw new CollateralException(FetchFailure.WrongContent, $"{item.Title}: {new Uri(fetched.Source).Host} offers what does not hold: {problem}");
        if (facts.ProblemAt(at) is { } stale)
        {
            throw new CollateralException(FetchFailure.Stale, $"{item.Title}: {new Uri(fetched.Source).Host} offers one whose time it is not: {stale}");
        }

        if (cache is not null)
        {
            StoreOutcome outcome = (await cache.StoreAsync([fetched], anchors, cancellationToken).ConfigureAwait(false))[0];
            if (!outcome.Stored)
            {
                throw new CollateralException(outcome.Failure, $"{item.Title}: {new Uri(fetched.Source).Host} offers an older one than was seen: {outcome.Problem}");
            }
        }

        return Add(item, fetched, facts, DocumentOrigin.Network);
    }

    private bool IsRecent(CollateralItem item, CollateralDocument stored, DocumentFacts facts) =>
        !options.Refresh && facts.ProblemAt(at) is null && (item.IsImmutable || at - stored.FetchedAt <= options.MaximumAge);

    private CollateralDocument Add(CollateralItem item, CollateralDocument document, DocumentFacts facts, DocumentOrigin origin, string? remark = null)
    {
        _collected.Add(new CollectedDocument
        {
            Kind = item.Kind,
            Name = item.Name,
            Title = PrintableText.Escape(item.Title),
            Origin = origin,
            Source = PrintableText.Escape(document.Source),
            Number = facts.Number,
            Issued = facts.Issued,
            NextUpdate = facts.NextUpdate,
            Length = document.Body.Length,
            Remark = remark,
        });
        return document;
    }
}
