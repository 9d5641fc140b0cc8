using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Verathos.Enclave;
using Verathos.Host.Limits;
using Verathos.Host.Logs;

namespace Verathos.Host.Metrics;

/// <summary>The front's counters. Labels are fixed words and status codes; none comes from a request.</summary>
internal sealed class FrontMetrics
{
    private readonly ConcurrentDictionary<(FrontEndpoint Endpoint, int Status), StrongCounter> _answers = new();
    private readonly StrongCounter[] _refusals = NewCounters<Refusal>();
    private readonly StrongCounter[] _cuts = NewCounters<CutReason>();
    private readonly Histogram _firstByte = new();
    private readonly Histogram _duration = new();
    private int _arriving;
    private long _bytesIn;
    private long _bytesOut;

    public void Answered(FrontEndpoint endpoint, int status) => _answers.GetOrAdd((endpoint, status), _ => new StrongCounter()).Increment();

    public void Refused(Refusal reason) => _refusals[(int)reason].Increment();

    public void Cut(CutReason reason) => _cuts[(int)reason].Increment();

    public void Arriving(int change) => Interlocked.Add(ref _arriving, change);

    public void FirstByte(TimeSpan duration) => _firstByte.Observe(duration);

    public void Streamed(TimeSpan duration, long bytesIn, long bytesOut)
    {
        _duration.Observe(duration);
        Interlocked.Add(ref _bytesIn, bytesIn);
        Interlocked.Add(ref _bytesOut, bytesOut);
    }

    /// <summary>Writes everything as text; <paramref name="enclave"/> is null while the enclave does not answer.</summary>
    public string Write(Admission admission, EnclaveStatus? enclave, bool ready)
    {
        PrometheusWriter writer = new();
        writer.Family("verathos_requests_total", "counter", "Requests answered, by resource and status.");
        foreach (KeyValuePair<(FrontEndpoint Endpoint, int Status), StrongCounter> answer in _answers.OrderBy(pair => pair.Key))
        {
            writer.Sample(
                "verathos_requests_total", answer.Value.Value,
                "endpoint", Word(answer.Key.Endpoint), "status", answer.Key.Status.ToString(CultureInfo.InvariantCulture));
        }

        WriteWords<Refusal>(writer, "verathos_refused_total", "Requests that a limit refused.", _refusals);
        WriteWords<CutReason>(writer, "verathos_cut_total", "Sealed requests and answers that ended early.", _cuts);
        writer.Single("verathos_gateway_arriving", "gauge", "Sealed requests that are still arriving.", Volatile.Read(ref _arriving));
        writer.Single("verathos_gateway_running", "gauge", "Sealed requests that run now.", admission.Running);
        writer.Single("verathos_gateway_waiting", "gauge", "Sealed requests that wait for a place.", admission.Waiting);
        writer.Single("verathos_gateway_received_bytes_total", "counter", "Ciphertext received.", Interlocked.Read(ref _bytesIn));
        writer.Single("verathos_gateway_sent_bytes_total", "counter", "Ciphertext sent.", Interlocked.Read(ref _bytesOut));
        _firstByte.Write(writer, "verathos_gateway_first_byte_seconds", "From a sealed request's start to its answer's first byte.");
        _duration.Write(writer, "verathos_gateway_seconds", "From a sealed request's start to its answer's end.");
        writer.Single("verathos_ready", "gauge", "1 when the node is ready.", ready ? 1 : 0);
        writer.Single("verathos_draining", "gauge", "1 when the node is stopping.", admission.Draining ? 1 : 0);
        writer.Single("verathos_enclave_up", "gauge", "1 when the enclave answers.", enclave is null ? 0 : 1);
        if (enclave is not null)
        {
            WriteEnclave(writer, enclave);
        }

        writer.Single("process_resident_memory_bytes", "gauge", "Resident memory of this process.", Environment.WorkingSet);
        writer.Single("process_cpu_seconds_total", "counter", "Processor time of this process.", CpuSeconds());
        writer.Single("dotnet_gc_heap_bytes", "gauge", "Managed heap of this process.", GC.GetTotalMemory(forceFullCollection: false));
        return writer.ToString();
    }

    private static void WriteEnclave(PrometheusWriter writer, EnclaveStatus enclave)
    {
        writer.Family("verathos_enclave_info", "gauge", "The enclave, in its labels.");
        writer.Sample(
            "verathos_enclave_info", 1,
            "model", enclave.Model, "tee", enclave.Tee, "topology", enclave.Topology, "simulated", enclave.Simulated ? "true" : "false");
        writer.Single(
            "verathos_enclave_keyset_not_after_seconds", "gauge", "When the current keyset ends, Unix time.",
            enclave.KeysetNotAfter.ToUnixTimeSeconds());
        writer.Single("verathos_enclave_queued", "gauge", "Requests that wait for the engine.", enclave.Queued);
        EnclaveCounters counters = enclave.Counters;
        writer.Single("verathos_enclave_running", "gauge", "Streams that run in the enclave.", counters.Active);
        writer.Single("verathos_enclave_kept", "gauge", "Answers that can be opened.", counters.Kept);
        writer.Single("verathos_enclave_kept_bytes", "gauge", "Memory of those, about.", counters.KeptBytes);
        (string Name, string Help, long Value)[] totals =
        [
            ("requests", "Requests that decapsulated.", counters.Requests),
            ("receipts", "Requests answered with a receipt.", counters.Receipts),
            ("sealed_errors", "Requests answered with a sealed error.", counters.SealedErrors),
            ("undecryptable", "Requests that did not decapsulate.", counters.Undecryptable),
            ("replays", "Requests refused as replays.", counters.Replays),
            ("abandoned", "Streams that ended without a receipt.", counters.Abandoned),
            ("prompt_tokens", "Prompt tokens read.", counters.PromptTokens),
            ("output_tokens", "Tokens generated.", counters.OutputTokens),
            ("quotes", "Quotes asked of the platform.", counters.Quotes),
            ("nonces", "Nonces answered with evidence.", counters.Nonces),
            ("keysets", "Keysets made.", counters.Keysets),
            ("openings", "Openings given.", counters.Openings),
            ("openings_refused", "Requests for openings that were refused.", counters.OpeningsRefused),
            ("openings_failed", "Requests for openings that broke off.", counters.OpeningsFailed),
            ("kept_evicted", "Answers that made room before their time.", counters.Evicted),
        ];
        foreach ((string name, string help, long value) in totals)
        {
            writer.Single($"verathos_enclave_{name}_total", "counter", help, value);
        }

        WriteModels(writer, enclave.Models);
    }

    private static void WriteModels(PrometheusWriter writer, IReadOnlyList<ModelStatus> models)
    {
        (string Name, string Type, string Help, Func<ModelStatus, long> Value)[] families =
        [
            ("queued", "gauge", "Requests that wait, by model.", static model => model.Queued),
            ("running", "gauge", "Sequences that are computed, by model.", static model => model.Running),
            ("accepted_total", "counter", "Requests taken, by model.", static model => model.Accepted),
            ("receipts_total", "counter", "Requests answered with a receipt, by model.", static model => model.Receipts),
            ("prompt_tokens_total", "counter", "Prompt tokens read, by model.", static model => model.PromptTokens),
            ("output_tokens_total", "counter", "Tokens generated, by model.", static model => model.OutputTokens),
        ];
        foreach ((string name, string type, string help, Func<ModelStatus, long> value) in families)
        {
            writer.Family("verathos_model_" + name, type, help);
            foreach (ModelStatus model in models)
            {
                writer.Sample("verathos_model_" + name, value(model), "model", model.Name);
            }
        }
    }

    private static void WriteWords<T>(PrometheusWriter writer, string name, string help, StrongCounter[] counters)
        where T : struct, Enum
    {
        writer.Family(name, "counter", help);
        foreach (T word in Enum.GetValues<T>().Skip(1))
        {
            writer.Sample(name, counters[Convert.ToInt32(word, CultureInfo.InvariantCulture)].Value, "reason", Word(word));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((letter, i) => char.IsUpper(letter) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static StrongCounter[] NewCounters<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(_ => new StrongCounter())];

    private static double CpuSeconds()
    {
        using Process self = Process.GetCurrentProcess();
        return self.TotalProcessorTime.TotalSeconds;
    }

    private sealed class StrongCounter
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Increment() => Interlocked.Increment(ref _value);
    }
}
