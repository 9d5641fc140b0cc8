using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>The disk cache: what it keeps, what it refuses, and what no writer's end can spoil.</summary>
public sealed class CollateralCacheTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>, IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("verathos-cache-").FullName, "cache");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task What_is_imported_serves_a_verdict_after_a_restart_without_a_network()
    {
        Assert.All(await ImportAsync(new CollateralSpec()), outcome => Assert.True(outcome.Stored, outcome.Problem));
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        CollectedCollateral collected = await Collecting.CollectAsync(
            null, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder));

        Assert.Null(collected.Failure);
        Assert.True(Appraiser.AppraiseQuote(quote, collected.Json, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier).IsAccepted);
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        CollectedCollateral collected = await Collecting.CollectAsync(
            null, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder));
        Assert.Equal(FetchFailure.Missing, collected.Failure!.Failure);
        Assert.Contains("TDX TCB info for FMSPC 00806f050000", collected.Failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task After_its_next_update_a_document_is_listed_as_of_no_use_and_said_so_where_it_is_used()
    {
        await ImportAsync(new CollateralSpec());
        DateTimeOffset later = SimulatedAuthorities.Now.AddDays(31);
        CacheEntry info = (await ListAsync(later)).Single(entry => entry.Kind == CollateralKind.TcbInfo);
        Assert.StartsWith("it expired on", info.Problem, StringComparison.Ordinal);

        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        CollectedCollateral collected = await Collecting.CollectAsync(null, Collecting.Quote(quote), authorities.Anchors, later, new CollateralCache(_folder));
        Assert.StartsWith("it expired on", collected.Documents[0].Remark, StringComparison.Ordinal);
        Assert.False(Appraiser.AppraiseQuote(quote, collected.Json, null, authorities.Anchors, later, TimeSource.Verifier).IsAccepted);
    }

    [Theory]
    [InlineData("the TCB evaluation")]
    [InlineData("the list's number")]
    [InlineData("the issue")]
    public async Task The_highest_that_was_seen_never_falls(string what)
    {
        CollateralSpec newer = new() { TcbEvaluationDataNumber = 22, CrlNumber = 0x81, IssueDate = SimulatedAuthorities.Now.AddHours(-1) };
        await ImportAsync(newer);
        CollateralSpec older = what switch
        {
            "the TCB evaluation" => newer with { TcbEvaluationDataNumber = 21 },
            "the list's number" => newer with { CrlNumber = 0x7F },
            _ => newer with { IssueDate = SimulatedAuthorities.Now.AddHours(-2) },
        };
        IReadOnlyList<StoreOutcome> outcomes = await ImportAsync(older);
        CollateralKind[] refused = what == "the list's number" ? [CollateralKind.PckCrl, CollateralKind.RootCaCrl] : [CollateralKind.TcbInfo, CollateralKind.QeIdentity];
        Assert.Equal(refused, outcomes.Where(outcome => outcome.Failure == FetchFailure.Downgraded).Select(outcome => outcome.Kind));
        Assert.All(await ListAsync(), entry => Assert.Null(entry.Problem));
    }

    [Fact]
    public async Task The_numbers_of_all_platforms_rise_together()
    {
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 20, Fmspc = [0, 1, 2, 3, 4, 5] });
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 });
        IReadOnlyList<CacheEntry> entries = await ListAsync();
        Assert.Contains("its number 20 is below 21", entries.Single(entry => entry.Name == "tdx-000102030405").Problem, StringComparison.Ordinal);
        Assert.Null(entries.Single(entry => entry.Name == "tdx-00806f050000").Problem);
    }

    [Fact]
    public async Task Early_and_standard_evaluations_have_numbers_of_their_own()
    {
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 22 }, TcbSelection.Early);
        Assert.All(await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 }, TcbSelection.Standard), outcome => Assert.True(outcome.Stored, outcome.Problem));
        Assert.Contains(await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 }, TcbSelection.Early), outcome => outcome.Failure == FetchFailure.Downgraded);
        Assert.Contains(await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 }, TcbSelection.Of(20)), outcome => outcome.Failure == FetchFailure.WrongContent);
    }

    [Fact]
    public async Task The_numbers_outlive_the_documents()
    {
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 22 });
        Directory.Delete(Path.Combine(_folder, "documents"), recursive: true);
        Assert.Contains(await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 }), outcome => outcome.Failure == FetchFailure.Downgraded);
    }

    [Fact]
    public async Task A_document_that_somebody_put_back_is_not_used()
    {
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 21 });
        string path = Single(CollateralKind.TcbInfo);
        byte[] old = await File.ReadAllBytesAsync(path, Token);
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 22 });
        await File.WriteAllBytesAsync(path, old, Token);
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        CollectedCollateral collected = await Collecting.CollectAsync(
            null, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder));
        Assert.Contains("its number 21 is below 22", collected.Failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("another's signature")]
    [InlineData("another name")]
    public async Task A_spoilt_document_is_named_and_not_used(string how)
    {
        await ImportAsync(new CollateralSpec());
        string path = Single(CollateralKind.TcbInfo);
        string text = await File.ReadAllTextAsync(path, Token);
        JsonObject json = JsonNode.Parse(text)!.AsObject();
        json["signature"] = new string('0', 128);
        await File.WriteAllTextAsync(path, how switch
        {
            "cut" => text[..(text.Length / 2)],
            "empty" => "",
            "another name" => text.Replace("tdx-00806f050000", "tdx-000000000000", StringComparison.Ordinal),
            _ => json.ToJsonString(),
        }, Token);
        Assert.Single(await ListAsync(), entry => entry.Problem is not null);
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        Assert.Equal(FetchFailure.Missing, (await Collecting.CollectAsync(
            null, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder))).Failure!.Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"version\":1,\"marks\":{\"a\":{\"number\":\"x\",\"issued\":\"2026-01-01T00:00:00Z\"}}}")]
    [InlineData("{\"version\":2,\"marks\":{}}")]
    public async Task Where_the_record_of_what_was_seen_cannot_be_read_nothing_is_taken(string marks)
    {
        await ImportAsync(new CollateralSpec());
        await File.WriteAllTextAsync(Path.Combine(_folder, "marks.json"), marks, Token);
        InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => ImportAsync(new CollateralSpec()));
        Assert.Contains("nothing says what is old", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => ListAsync());
    }

    [Fact]
    public async Task What_killed_writers_left_is_swept_and_other_files_are_not()
    {
        await ImportAsync(new CollateralSpec());
        string left = Single(CollateralKind.TcbInfo) + ".0123456789abcdef.tmp";
        string marks = Path.Combine(_folder, "marks.json.0123456789abcdef.tmp");
        string own = Path.Combine(_folder, "thesis.tmp");
        foreach (string path in (string[])[left, marks, own])
        {
            await File.WriteAllTextAsync(path, "half a docum", Token);
        }

        await ImportAsync(new CollateralSpec());
        Assert.False(File.Exists(left));
        Assert.False(File.Exists(marks));
        Assert.True(File.Exists(own));
    }

    [Fact]
    public async Task Unsigned_and_foreign_documents_are_not_stored()
    {
        IReadOnlyList<StoreOutcome> outcomes = await ImportAsync(new CollateralSpec { TcbInfoSignature = SignatureFault.BitFlipped, PckCrlSignature = SignatureFault.ForeignKey });
        Assert.Equal(
            [(CollateralKind.TcbInfo, false), (CollateralKind.QeIdentity, true), (CollateralKind.PckCrl, false), (CollateralKind.RootCaCrl, true)],
            outcomes.Select(outcome => (outcome.Kind, outcome.Stored)));
        IReadOnlyList<StoreOutcome> foreign = await CollateralFile.ImportAsync(
            new CollateralCache(_folder), authorities.Foreign.Collateral.Mint(new CollateralSpec()), TcbSelection.Default, authorities.Anchors, SimulatedAuthorities.Now, "x", Token);
        Assert.All(foreign, outcome => Assert.Equal(FetchFailure.WrongContent, outcome.Failure));
    }

    [Fact]
    public async Task Two_vendors_share_a_folder_and_not_their_numbers()
    {
        await ImportAsync(new CollateralSpec { TcbEvaluationDataNumber = 30 });
        IReadOnlyList<StoreOutcome> foreign = await CollateralFile.ImportAsync(
            new CollateralCache(_folder), authorities.Foreign.Collateral.Mint(new CollateralSpec { TcbEvaluationDataNumber = 5 }), TcbSelection.Default, authorities.ForeignAnchors,
            SimulatedAuthorities.Now, "x", Token);
        Assert.All(foreign, outcome => Assert.True(outcome.Stored, outcome.Problem));
        Assert.Equal(4, (await ListAsync()).Count(entry => entry.Problem is null));
    }

    [Fact]
    public async Task Many_writers_and_readers_at_once_end_with_the_highest_and_never_read_half_a_document()
    {
        const int writers = 12;
        byte[][] bundles = [.. Enumerable.Range(1, writers).Select(i => authorities.Trusted.Collateral.Mint(new CollateralSpec
        {
            TcbEvaluationDataNumber = i,
            CrlNumber = i,
            IssueDate = SimulatedAuthorities.Now.AddMinutes(i - 60),
        }))];
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        await ImportAsync(bundles[0]);
        await Parallel.ForAsync(0, 3 * writers, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (i, token) =>
        {
            if (i % 3 != 0)
            {
                await CollateralFile.ImportAsync(
                    new CollateralCache(_folder), bundles[(7 * i) % writers], TcbSelection.Default, authorities.Anchors, SimulatedAuthorities.Now, "x", token);
                return;
            }

            // Between two reads a writer may raise the mark above what was read first; never is a document cut or unsigned.
            CollectedCollateral read = await Collecting.CollectAsync(
                null, Collecting.Quote(quote), authorities.Anchors, SimulatedAuthorities.Now, new CollateralCache(_folder));
            Assert.True(read.Failure is null, read.Failure?.Message);
        });
        await ImportAsync(bundles[^1]);
        IReadOnlyList<CacheEntry> entries = await ListAsync();
        Assert.Equal(4, entries.Count);
        Assert.All(entries, entry => Assert.Equal(writers, entry.Number));
        Assert.Empty(Directory.EnumerateFiles(_folder, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_file_that_is_no_collateral_is_refused_by_name()
    {
        foreach (string json in (string[])["{}", "[]", "not json", "{\"tcb_info\": 1}", "{\"vlek_der_b64\": null, \"jwks\": {}}", "{\"ocsp_b64\": [\"MAA=\"]}", "{\"rims\": [\"<a/>\"]}"])
        {
            CollateralException refused = await Assert.ThrowsAsync<CollateralException>(() => ImportAsync(Encoding.UTF8.GetBytes(json)));
            Assert.Equal(FetchFailure.WrongContent, refused.Failure);
        }

        Assert.False(Directory.Exists(_folder));
    }

    private Task<IReadOnlyList<StoreOutcome>> ImportAsync(CollateralSpec spec, TcbSelection? selection = null) =>
        ImportAsync(authorities.Trusted.Collateral.Mint(spec), selection);

    private Task<IReadOnlyList<StoreOutcome>> ImportAsync(byte[] json, TcbSelection? selection = null) => CollateralFile.ImportAsync(
        new CollateralCache(_folder), json, selection ?? TcbSelection.Default, authorities.Anchors, SimulatedAuthorities.Now, "file", Token);

    private Task<IReadOnlyList<CacheEntry>> ListAsync(DateTimeOffset? at = null) =>
        new CollateralCache(_folder).ListAsync(authorities.Anchors, at ?? SimulatedAuthorities.Now, Token);

    private string Single(CollateralKind kind) => Assert.Single(Directory.GetFiles(_folder, "*.json", SearchOption.AllDirectories), path => path.Contains($"/{kind}/", StringComparison.Ordinal));
}
