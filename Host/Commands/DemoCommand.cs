using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Client.Verdicts;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Demo;

namespace Verathos.Host.Commands;

/// <summary><c>verathos demo</c>: a node, a client and an attacker in one process, on evidence of a simulated TEE.</summary>
internal static class DemoCommand
{
    // The byte that is changed where nobody chooses one: report data, a measurement, the keyset's boot id, the middle of each stream.
    private static readonly Dictionary<TamperTarget, int> s_defaults = new()
    {
        [TamperTarget.Quote] = 568,
        [TamperTarget.Gpu] = 200,
        [TamperTarget.Keyset] = 12,
        [TamperTarget.Request] = 1500,
        [TamperTarget.Stream] = 2000,
        [TamperTarget.Receipt] = 120,
    };

    public static Command Create()
    {
        Command command = new("demo", "Start a simulated node, ask it something, check everything, then change one byte at a time");
        Option<string> prompt = new("--prompt") { Description = "What to ask", DefaultValueFactory = _ => "Tell me a short story about a fox." };
        Option<int> tokens = new("--max-tokens") { Description = "The most tokens of the answer", DefaultValueFactory = _ => 96 };
        Option<string?> model = new("--model") { Description = "A Hugging Face folder or a .gguf file (default: the demonstration model)" };
        Option<string[]> tampers = new("--tamper")
        {
            Description = "TARGET:OFFSET, the byte to invert, where TARGET is quote, gpu, keyset, request, stream or receipt; may be given several times, and other targets keep their default byte",
        };
        command.Options.Add(prompt);
        command.Options.Add(tokens);
        command.Options.Add(model);
        command.Options.Add(tampers);
        command.SetVerb((context, token) => RunAsync(
            context, context.Value(prompt)!, context.Value(tokens), context.Value(model), Plan(context.Value(tampers) ?? []), token));
        return command;
    }

    private static List<Tamper> Plan(string[] given)
    {
        List<Tamper> chosen = [];
        foreach (string text in given)
        {
            chosen.Add(Tamper.TryParse(text, out Tamper tamper)
                ? tamper
                : throw new CommandException(ExitCode.Usage, $"--tamper {text} is not TARGET:OFFSET; write for example --tamper quote:568, with quote, gpu, keyset, request, stream or receipt"));
        }

        return [.. s_defaults.SelectMany(pair => chosen.Where(tamper => tamper.Target == pair.Key).DefaultIfEmpty(new Tamper(pair.Key, pair.Value)))];
    }

    private static async Task<ExitCode> RunAsync(
        VerbContext context, string prompt, int maxTokens, string? modelPath, List<Tamper> plan, CancellationToken token)
    {
        long start = Stopwatch.GetTimestamp();
        Output output = context.Output;
        output.Simulated();
        LoadedModel model = await ModelLoading.LoadAsync(output, ModelPath.Resolve(modelPath), new LoadOptions(), token).ConfigureAwait(false);
        InferenceRequest request = model.Chat is null ? Completion(prompt, maxTokens) : InferenceRequest.Chat([("user", prompt)], temperature: 0, maxTokens: maxTokens);
        HostView? host = null;
        DemoNode node = await DemoNode.StartAsync(model, enclave => host = new HostView(enclave), token).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            output.Note($"a node listens on {node.Address} (ready after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s)");
            ClientOptions options = TrustArguments.Simulated();
            try
            {
                using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, options, token).ConfigureAwait(false);
                AttestedNode attested = client.Session.Current!;
                output.Table(VerdictTable.Headers, VerdictTable.Rows(attested.Verdict.Checks), "1. Evidence for a fresh nonce, check by check");
                output.Line(VerdictTable.Summary(attested.Verdict));
                output.Line($"\n2. The prompt, sealed with {attested.Kem} to the attested key: {prompt}\n");
                Answer answer = await AskAsync(output, client, request, token).ConfigureAwait(false);
                output.Table(VerdictTable.Headers, VerdictTable.Rows(answer.ReceiptVerdict.Checks), "3. The receipt that the enclave signed");
                output.Line(VerdictTable.Summary(answer.ReceiptVerdict));
                HostSight sight = HostSight.Of(host!, prompt, answer);
                output.Table(["", "the client saw", "the host saw"], sight.Rows(prompt, answer), "4. The same exchange from both sides");

                List<TamperOutcome> outcomes = [];
                TamperRunner runner = new(node.Address, options, host!, answer);
                foreach (Tamper tamper in plan)
                {
                    outcomes.Add(await runner.RunAsync(tamper, token).ConfigureAwait(false));
                }

                output.Table(["target", "byte", "what lies there", "refused by", "as expected"], outcomes.Select(Row), "5. One byte inverted at a time");
                bool passed = answer.ReceiptVerdict.Valid && sight.OnlyCiphertext && outcomes.All(outcome => outcome.Passed);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                output.Line(string.Create(CultureInfo.InvariantCulture, $"{(passed ? "PASSED" : "FAILED")} in {seconds:0.0} s. All of this is SIMULATED: it shows the protocol at work and protects nothing."));
                if (context.Json)
                {
                    output.WriteJson(Json(answer, sight, outcomes, passed, seconds));
                }

                return passed ? ExitCode.Accepted : ExitCode.Failed;
            }
            catch (VerathosException failure)
            {
                throw TrustArguments.Failure(failure);
            }
        }
    }

    // A model without a chat template continues text.
    private static InferenceRequest Completion(string prompt, int maxTokens) =>
        InferenceRequest.TryParse(InferenceKind.Completion, JsonSerializer.SerializeToUtf8Bytes(new { prompt, temperature = 0, max_tokens = maxTokens }), out InferenceRequest? request, out string? error)
            ? request!
            : throw new CommandException(ExitCode.Usage, error!);

    private static async Task<Answer> AskAsync(Output output, VerathosClient client, InferenceRequest request, CancellationToken token)
    {
        Answer? answer = null;
        await foreach (AnswerUpdate update in client.StreamAsync(request, token).ConfigureAwait(false))
        {
            output.Text(update.Text);
            answer = update.Completed ?? answer;
        }

        output.Line("\n");
        return answer!;
    }

    private static IReadOnlyList<string> Row(TamperOutcome outcome) =>
    [
        outcome.Target.ToString().ToLowerInvariant(),
        string.Create(CultureInfo.InvariantCulture, $"{outcome.Offset} of {outcome.Length}"),
        outcome.Region,
        outcome.RefusedBy is null ? "NOT REFUSED" : $"{outcome.RefusedBy} ({outcome.By})",
        outcome.Passed ? "yes" : $"NO, expected {string.Join(" or ", outcome.Expected)}",
    ];

    private static object Json(Answer answer, HostSight sight, List<TamperOutcome> outcomes, bool passed, double seconds) => new
    {
        passed,
        simulated = true,
        seconds = Math.Round(seconds, 3),
        text = answer.Text,
        model = answer.Model,
        prompt_tokens = answer.PromptIds.Count,
        output_tokens = answer.OutputIds.Count,
        time_to_first_token_ms = Math.Round(answer.TimeToFirstToken.TotalMilliseconds, 3),
        elapsed_ms = Math.Round(answer.Elapsed.TotalMilliseconds, 3),
        verdict = TrustArguments.Json(answer.Node.Verdict),
        receipt = TrustArguments.Json(answer.ReceiptVerdict),
        host = new
        {
            request_bytes = sight.RequestBytes,
            response_bytes = sight.ResponseBytes,
            response_chunks = sight.ResponseChunks,
            only_ciphertext = sight.OnlyCiphertext,
        },
        tampers = outcomes.Select(outcome => new
        {
            target = outcome.Target.ToString().ToLowerInvariant(),
            offset = outcome.Offset,
            length = outcome.Length,
            region = outcome.Region,
            expected = outcome.Expected,
            refused = outcome.RefusedBy is not null,
            refused_by = outcome.RefusedBy,
            by = outcome.By,
            passed = outcome.Passed,
            detail = outcome.Detail,
        }),
    };
}
