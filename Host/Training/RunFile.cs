using System.Security.Cryptography;
using System.Text.Json;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// Everything that the members of a training run agree on before it starts: one JSON file, the same for all. SHA-256 of its bytes is the
/// run's number, which every statement of the run names.
/// </summary>
public sealed record RunFile
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>The run's name.</summary>
    public required string Name { get; init; }

    /// <summary>The model that the first round starts from.</summary>
    public required RunModel Model { get; init; }

    /// <summary>What is trained on.</summary>
    public required RunCorpus Corpus { get; init; }

    /// <summary>The arithmetic of a step: <see cref="InnerSettings"/>.</summary>
    public required JsonElement Inner { get; init; }

    /// <summary>The numeric profile in which all workers train.</summary>
    public required string NumericProfile { get; init; }

    /// <summary>A worker's part of a round.</summary>
    public required RunWork Work { get; init; }

    /// <summary>Rounds and their deadlines.</summary>
    public required RunRounds Rounds { get; init; }

    /// <summary>How validators judge.</summary>
    public required RunJudging Judging { get; init; }

    /// <summary>
    /// 64 hex digits from which every round's beacon value is made: SHA-256("verathos.run-beacon.v1" || these 32 bytes || round (8)). It stands in for a
    /// public beacon whose values nobody knows before the round.
    /// </summary>
    public required string Beacon { get; init; }

    /// <summary>Whose word ends rounds, in the order in which it is asked for.</summary>
    public required IReadOnlyList<RunValidator> Validators { get; init; }

    /// <summary>The keys of the workers that may join; null lets everyone join whose evidence the coordinator's policy accepts.</summary>
    public IReadOnlyList<string>? Workers { get; init; }

    /// <summary>SHA-256 of the file's bytes; set by <see cref="Parse"/>, empty before.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public ReadOnlyMemory<byte> Id { get; private init; }

    /// <summary>The settings of a step.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public InnerSettings InnerSettings => InnerSettings.FromJson(Inner.GetRawText());

    /// <summary>The validators with their keys read.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<RoundValidator> RoundValidators { get; private init; } = [];

    /// <summary>Reads a run's file and checks every value.</summary>
    /// <exception cref="TrainingException">It is not one; the message names everything that is wrong.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RunFile Read(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>Reads the bytes of a run's file and checks every value.</summary>
    /// <param name="bytes">JSON.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="TrainingException">It is not one; the message names everything that is wrong.</exception>
    public static RunFile Parse(ReadOnlySpan<byte> bytes, string name)
    {
        RunFile? run;
        try
        {
            run = JsonSerializer.Deserialize<RunFile>(bytes, s_options);
        }
        catch (JsonException exception)
        {
            throw new TrainingException($"The run's file {name} is not valid: {exception.Message}", exception);
        }

        string[] errors = [.. run is null ? ["it is empty"] : run.Problems()];
        if (errors.Length > 0)
        {
            throw new TrainingException($"The run's file {name} is not valid: {string.Join("; ", errors)}.");
        }

        return run! with { Id = SHA256.HashData(bytes), RoundValidators = [.. run.Validators.Select(static validator => validator.Read()!)] };
    }

    /// <summary>The file's bytes for these values.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, s_options), (byte)'\n'];

    /// <summary>A round's beacon value, 32 bytes.</summary>
    public byte[] BeaconOf(ulong round)
    {
        byte[] message = [.. "verathos.run-beacon.v1"u8, .. Convert.FromHexString(Beacon), .. new byte[8]];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(message.Length - 8), round);
        return SHA256.HashData(message);
    }

    /// <summary>What is wrong with the values, one line each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (Name.Length is 0 or > 100 || Name.Any(char.IsControl))
        {
            yield return "name must have 1 to 100 characters, none of them a control character";
        }

        if (!IsHex(Beacon, 64))
        {
            yield return "beacon must be 64 hexadecimal digits";
        }

        foreach (string problem in Model.Problems().Concat(Corpus.Problems()).Concat(Work.Problems()).Concat(Rounds.Problems()).Concat(Judging.Problems()))
        {
            yield return problem;
        }

        InnerSettings? inner = null;
        string? mistake = null;
        try
        {
            inner = InnerSettings;
        }
        catch (TrainingException exception)
        {
            mistake = "inner: " + exception.Message;
        }

        if (mistake is not null)
        {
            yield return mistake;
        }

        if (inner is not null && inner.MicroBatches > Work.Rows)
        {
            yield return "inner.micro_batches must not be above work.rows";
        }

        if (NumericProfile.Length is 0 or > 100)
        {
            yield return "numeric_profile must name a numeric profile";
        }

        RoundValidator?[] validators = [.. Validators.Select(static validator => validator.Read())];
        if (validators.Length is 0 or > 16 || validators.Contains(null))
        {
            yield return "validators must be 1 to 16, each with a name, signing_key (a COSE_Key in hex), seal_mechanism (x25519 or xwing) and seal_key (hex) as 'train validator --init' prints them";
        }
        else if (validators.Select(static one => Convert.ToHexString(one!.Name.Span)).Distinct().Count() != validators.Length
            || validators.Select(static one => Convert.ToHexString(one!.SealKey.Id.Span)).Distinct().Count() != validators.Length)
        {
            yield return "no two validators may have the same key";
        }

        if (Workers is { } workers && (workers.Count < Rounds.StartWorkers || workers.Any(static key => !IsHex(key, 64)) || workers.Distinct().Count() != workers.Count))
        {
            yield return "workers must be different keys of 64 hexadecimal digits, as many as rounds.start_workers at least; or null";
        }
    }

    internal static bool IsHex(string text, int digits) => text.Length == digits && text.All(static digit => digit is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}
