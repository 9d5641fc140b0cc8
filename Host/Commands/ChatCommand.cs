using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Text;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Verdicts;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos chat</c>: attest a node, seal a prompt, stream the answer, verify the receipt.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        Command command = new("chat", "Ask a node: verify its evidence, seal the prompt, stream the answer, check the receipt");
        TrustArguments trust = new();
        SamplingArguments sampling = new();
        Argument<string?> prompt = new("prompt")
        {
            Description = "What to ask; without it the verb reads one prompt a line until the input ends",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> system = new("--system") { Description = "A system message before the prompt" };
        command.Arguments.Add(prompt);
        command.Options.Add(system);
        trust.AddTo(command);
        sampling.AddTo(command);
        command.SetVerb(async (context, token) =>
        {
            try
            {
                return await RunAsync(context, trust, sampling, context.Value(prompt), context.Value(system), token).ConfigureAwait(false);
            }
            catch (VerathosException failure)
            {
                if (context.Json && failure.Delivered is { } delivered)
                    Report(context, failure, delivered);

                throw TrustArguments.Failure(failure);
            }
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        VerbContext context, TrustArguments trust, SamplingArguments sampling, string? prompt, string? system, CancellationToken token)
    {
        ClientOptions options = trust.Options(context);
        using VerathosClient client = await VerathosClient.ConnectAsync(trust.Nodes(context), options, token).ConfigureAwait(false);
        Session session = client.Session;
        if (session.Simulated)
            context.Output.Simulated();

        context.Output.Note($"{session.Node}: {VerdictTable.Summary(session.Verdict)}");
        context.Output.Note($"{(session.Current!.Models.Count == 1 ? "model" : "models")} {string.Join(", ", session.Current.Models)}, sealed with {session.Current.Kem}, trusted until {session.Current.TrustedUntil.UtcDateTime:HH:mm:ss}Z");
        List<(string Role, string Content)> turns = [];
        if (system is not null)
            turns.Add(("system", system));

        if (prompt is not null)
        {
            turns.Add(("user", prompt));
            await AskAsync(context, client, sampling.Request(context, turns), token).ConfigureAwait(false);
            return ExitCode.Accepted;
        }

        while (true)
        {
            if (!Console.IsInputRedirected)
                await Console.Error.WriteAsync("> ").ConfigureAwait(false);

            string? line = await Console.In.ReadLineAsync(token).ConfigureAwait(false);
            if (line is null)
                return ExitCode.Accepted;

            if (line.Length == 0)
                continue;

            turns.Add(("user", line));
            Answer answer = await AskAsync(context, client, sampling.Request(context, turns), token).ConfigureAwait(false);
            turns.Add(("assistant", answer.Text));
        }
    }

    private static async Task<Answer> AskAsync(VerbContext context, VerathosClient client, InferenceRequest request, CancellationToken token)
    {
        Answer? answer = null;
        bool open = false;
        try
        {
            await foreach (AnswerUpdate update in client.StreamAsync(request, token).ConfigureAwait(false))
            {
                answer = update.Completed ?? answer;
                context.Output.Text(update.Text);
                open |= update.Text.Length > 0;
            }
        }
        finally
        {
            if (open)
                context.Output.Line();
        }

        Report(context, answer!);
        return answer!;
    }

    /// <summary>What a stream that broke still proves.</summary>
    private static void Report(VerbContext context, VerathosException failure, DeliveryProof delivered) => context.Output.WriteJson(new
    {
        error = failure.Message,
        exit = (int)TrustArguments.Failure(failure).ExitCode,
        check = failure.Check,
        delivered = new
        {
            request_digest = Convert.ToHexStringLower(delivered.RequestDigest),
            proved_tokens = delivered.Tokens,
            proved_chunks = delivered.Chunks,
            received_tokens = delivered.ReceivedTokens,
            acceptance = delivered.Acceptance is null ? null : Base64Url.EncodeToString(delivered.Acceptance),
            checkpoint = delivered.Checkpoint is null ? null : Base64Url.EncodeToString(delivered.Checkpoint),
        },
    });

    private static void Report(VerbContext context, Answer answer)
    {
        double seconds = Math.Max((answer.Elapsed - answer.TimeToFirstToken).TotalSeconds, 1e-9);
        double rate = Math.Max(0, answer.OutputIds.Count - 1) / seconds;
        if (!context.Json)
        {
            context.Output.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{(answer.Simulated ? "SIMULATED: " : "")}{VerdictTable.Summary(answer.ReceiptVerdict)}; {answer.PromptIds.Count} prompt and {answer.OutputIds.Count} answer tokens, first after {answer.TimeToFirstToken.TotalMilliseconds:0} ms, then {rate:0} tokens/s"));
            return;
        }

        context.Output.WriteJson(new
        {
            text = answer.Text,
            finish_reason = answer.FinishReason,
            model = answer.Model,
            node = answer.Node.Node,
            simulated = answer.Simulated,
            prompt_tokens = answer.PromptIds.Count,
            output_tokens = answer.OutputIds.Count,
            time_to_first_token_ms = Math.Round(answer.TimeToFirstToken.TotalMilliseconds, 3),
            elapsed_ms = Math.Round(answer.Elapsed.TotalMilliseconds, 3),
            verdict = TrustArguments.Json(answer.Node.Verdict),
            receipt = new
            {
                cose = Base64Url.EncodeToString(answer.ReceiptBytes),
                verdict = TrustArguments.Json(answer.ReceiptVerdict),
            },
        });
    }
}
