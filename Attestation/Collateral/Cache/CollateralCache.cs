namespace Verathos.Attestation.Collateral.Cache;

/// <summary>
/// Documents on disk that survive restarts. Nothing is stored that does not verify, nothing replaces a newer document of the same
/// issuer, and what is read is verified again. Several processes may use one folder at once, and any of them may be killed.
/// </summary>
public sealed class CollateralCache
{
    private const string Documents = "documents";
    private const int MostEntries = 20_000;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder;

    /// <summary>A cache in a folder, which is made when something is stored.</summary>
    public CollateralCache(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _folder = Path.GetFullPath(folder);
    }

    /// <summary>The folder.</summary>
    public string Folder => _folder;

    /// <summary>Everything that is stored, judged by roots and a time.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="InvalidDataException">The record of what was seen cannot be read.</exception>
    public async Task<IReadOnlyList<CacheEntry>> ListAsync(TrustAnchors anchors, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        string documents = Path.Combine(_folder, Documents);
        if (!Directory.Exists(documents))
        {
            return [];
        }

        using CacheLock held = await CacheLock.AcquireAsync(_folder, exclusive: false, cancellationToken).ConfigureAwait(false);
        CacheMarks marks = CacheMarks.Read(_folder);
        List<CacheEntry> entries = [];
        foreach (string path in Directory.EnumerateFiles(documents, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(MostEntries))
        {
            cancellationToken.ThrowIfCancellationRequested();
            entries.Add(Describe(path, anchors, marks, at));
        }

        return entries;
    }

    /// <summary>The highest number that was seen of each issuer, whatever is stored now.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="InvalidDataException">The record of what was seen cannot be read.</exception>
    public async Task<IReadOnlyList<HighestSeen>> ListHighestAsync(CancellationToken cancellationToken = default)
    {
        if (!Directory.Exists(_folder))
        {
            return [];
        }

        using CacheLock held = await CacheLock.AcquireAsync(_folder, exclusive: false, cancellationToken).ConfigureAwait(false);
        return CacheMarks.Read(_folder).Highest;
    }

    /// <summary>The stored document, verified; null with a problem where there is none, or none that holds. Its time is not looked at.</summary>
    internal async Task<(CollateralDocument? Document, DocumentFacts? Facts, string Problem)> FindAsync(
        CollateralItem item, TrustAnchors anchors, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_folder))
        {
            return (null, null, "there is no such cache yet");
        }

        using CacheLock held = await CacheLock.AcquireAsync(_folder, exclusive: false, cancellationToken).ConfigureAwait(false);
        CacheMarks marks = CacheMarks.Read(_folder);
        string problem = "it is not in the cache";
        foreach (string root in RootIds(item.Kind, anchors))
        {
            string path = PathOf(root, item.Kind, item.Name, item.Channel);
            if (!File.Exists(path))
            {
                continue;
            }

            if (!DocumentFile.TryRead(path, out CollateralDocument? document, out problem))
            {
                continue;
            }

            if (document!.Kind != item.Kind || document.Name != item.Name || document.Channel != item.Channel)
            {
                problem = "the file holds another document";
            }
            else if (DocumentVerifier.Verify(document, anchors, item, out problem) is { } facts)
            {
                if (marks.Refusal(document, facts) is not { } refusal)
                {
                    return (document, facts, "");
                }

                problem = refusal;
            }
        }

        return (null, null, problem);
    }

    /// <summary>What of these documents is older than what was seen; nothing is stored, and what does not hold is for others to name.</summary>
    internal async Task<IReadOnlyList<StoreOutcome>> FindOlderAsync(
        IReadOnlyList<CollateralDocument> documents, TrustAnchors anchors, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_folder))
        {
            return [];
        }

        using CacheLock held = await CacheLock.AcquireAsync(_folder, exclusive: false, cancellationToken).ConfigureAwait(false);
        CacheMarks marks = CacheMarks.Read(_folder);
        List<StoreOutcome> older = [];
        foreach (CollateralDocument document in documents)
        {
            if (DocumentVerifier.Verify(document, anchors, item: null, out _) is { } facts && marks.Refusal(document, facts) is { } refusal)
            {
                older.Add(new StoreOutcome(document.Kind, document.Name, document.Channel, false, FetchFailure.Downgraded, refusal));
            }
        }

        return older;
    }

    /// <summary>Verifies and stores documents; an older one than was seen is refused, each by itself.</summary>
    internal async Task<IReadOnlyList<StoreOutcome>> StoreAsync(
        IReadOnlyList<CollateralDocument> documents, TrustAnchors anchors, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder);
        }
        else
        {
            Directory.CreateDirectory(_folder, OwnerOnly);
        }

        using CacheLock held = await CacheLock.AcquireAsync(_folder, exclusive: true, cancellationToken).ConfigureAwait(false);
        AtomicFile.RemoveLeftovers(_folder, SearchOption.TopDirectoryOnly);
        AtomicFile.RemoveLeftovers(Path.Combine(_folder, Documents), SearchOption.AllDirectories);
        CacheMarks marks = CacheMarks.Read(_folder);
        List<StoreOutcome> outcomes = [];
        List<(string Path, CollateralDocument Document)> writes = [];
        foreach (CollateralDocument document in documents)
        {
            (FetchFailure failure, string? problem) = (FetchFailure.WrongContent, null);
            if (!CollateralItem.IsPlain(document.Name) || (document.Channel.Length > 0 && !CollateralItem.IsPlain(document.Channel)))
            {
                problem = "its name is no name for a file";
            }
            else if (DocumentVerifier.Verify(document, anchors, item: null, out string reason) is not { } facts)
            {
                problem = reason;
            }
            else if (marks.Refusal(document, facts) is { } refusal)
            {
                (failure, problem) = (FetchFailure.Downgraded, refusal);
            }
            else
            {
                marks.Raise(document, facts);
                writes.Add((PathOf(facts.RootId, document.Kind, document.Name, document.Channel), document));
            }

            outcomes.Add(new StoreOutcome(
                document.Kind, document.Name, document.Channel, problem is null, problem is null ? FetchFailure.None : failure, problem));
        }

        // The marks go first: killed in between, the cache lacks a document that it can get again, and has forgotten nothing.
        marks.Write();
        foreach ((string path, CollateralDocument document) in writes)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, DocumentFile.Write(document));
        }

        return outcomes;
    }

    private static CacheEntry Describe(string path, TrustAnchors anchors, CacheMarks marks, DateTimeOffset at)
    {
        if (!DocumentFile.TryRead(path, out CollateralDocument? document, out string problem))
        {
            return new CacheEntry { Kind = CollateralKind.None, Name = Path.GetFileName(path), Channel = "", FetchedAt = default, Source = "", Length = 0, Problem = problem };
        }

        DocumentFacts? facts = DocumentVerifier.Verify(document!, anchors, item: null, out problem);
        return new CacheEntry
        {
            Kind = document!.Kind,
            Name = Verdicts.PrintableText.Escape(document.Name),
            Channel = Verdicts.PrintableText.Escape(document.Channel),
            Number = facts?.Number,
            Issued = facts?.Issued,
            NextUpdate = facts?.NextUpdate,
            FetchedAt = document.FetchedAt,
            Source = Verdicts.PrintableText.Escape(document.Source),
            Length = document.Body.Length,
            Problem = facts is null ? Verdicts.PrintableText.Escape(problem) : marks.Refusal(document, facts) ?? facts.ProblemAt(at),
        };
    }

    private static IEnumerable<string> RootIds(CollateralKind kind, TrustAnchors anchors)
    {
        ReadOnlyMemory<byte> pins = kind switch
        {
            CollateralKind.Vcek or CollateralKind.AmdCrl => anchors.AmdRootSpki(Snp.SnpProduct.Unknown),
            CollateralKind.Rim => anchors.NvidiaRimRootSpki,
            CollateralKind.OcspAnswer => anchors.NvidiaDeviceRootSpki,
            _ => anchors.IntelRootSpki,
        };
        for (int i = 0; i + 32 <= pins.Length; i += 32)
        {
            yield return Convert.ToHexStringLower(pins.Span.Slice(i, 8));
        }
    }

    private string PathOf(string root, CollateralKind kind, string name, string channel) =>
        Path.Combine(_folder, Documents, root, kind.ToString(), channel.Length == 0 ? $"{name}.json" : $"{name}.{channel}.json");
}
