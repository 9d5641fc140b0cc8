using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>Asks a model questions through the engine that serves it, with greedy decoding, and counts right final answers.</summary>
public sealed class ModelEvaluator
{
    private const int Shown = 40;
    private const int Concurrent = 8;
    private readonly LoadedModel _model;
    private readonly ChatTemplate _chat;
    private readonly int _maxTokens;
    private readonly TimeProvider _time;

    /// <summary>Prepares an evaluation.</summary>
    /// <param name="model">The model; it needs a chat template.</param>
    /// <param name="maxTokens">Longest reply in tokens.</param>
    /// <param name="time">Measures the time.</param>
    /// <exception cref="TrainingException">The model has no chat template that is known.</exception>
    public ModelEvaluator(LoadedModel model, int maxTokens, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTokens);
        _model = model;
        _chat = model.Chat ?? throw new TrainingException($"This model cannot be asked questions: {model.ChatProblem}.");
        (_maxTokens, _time) = (maxTokens, time);
    }

    /// <summary>Asks all questions.</summary>
    /// <param name="sets">The sets.</param>
    /// <param name="progress">Told the number of questions that are answered.</param>
    /// <param name="cancellationToken">Stops the evaluation.</param>
    /// <exception cref="GenerationException">A question does not fit the model's context.</exception>
    public async Task<EvaluationReport> RunAsync(
        IReadOnlyList<EvaluationSet> sets, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sets);
        long started = _time.GetTimestamp();
        long tokens = 0;
        int answered = 0;
        var scores = new List<SetScore>();
        var engine = new InferenceEngine(_model, new EngineOptions { MaxActive = Concurrent });
        await using (engine.ConfigureAwait(false))
        {
            foreach (EvaluationSet set in sets)
            {
                string[] replies = new string[set.Questions.Count];
                var parallel = new ParallelOptions { MaxDegreeOfParallelism = Concurrent, CancellationToken = cancellationToken };
                await Parallel.ForAsync(0, replies.Length, parallel, async (i, stop) =>
                {
                    (replies[i], int length) = await AskAsync(engine, set.Questions[i].Question, stop).ConfigureAwait(false);
                    Interlocked.Add(ref tokens, length);
                    progress?.Report(Interlocked.Increment(ref answered));
                }).ConfigureAwait(false);
                scores.Add(Score(set, replies));
            }
        }

        return new EvaluationReport(scores, tokens, _time.GetElapsedTime(started));
    }

    private static SetScore Score(EvaluationSet set, string[] replies)
    {
        (EvaluationQuestion Question, string Reply, bool Right)[] results =
            [.. set.Questions.Select((q, i) => (q, replies[i], FinalAnswer.IsRight(replies[i], q.Answers)))];
        return new SetScore(
            set.Name,
            set.Description,
            new CategoryScore("all", results.Length, results.Count(r => r.Right)),
            [.. results.GroupBy(r => r.Question.Category).Select(g => new CategoryScore(g.Key, g.Count(), g.Count(r => r.Right)))],
            [.. results.Where(r => !r.Right).Select(r =>
                new WrongAnswer(r.Question.Category, r.Question.Question, r.Question.Answers[0], r.Reply))]);
    }

    private async Task<(string Reply, int Tokens)> AskAsync(InferenceEngine engine, string question, CancellationToken cancellationToken)
    {
        int[] prompt = _chat.Encode([new ChatMessage("user", question)], _model.Tokenizer);
        if (prompt.Length >= engine.MaxContext)
        {
            string begin = question.Length > Shown ? question[..Shown] + "..." : question;
            throw new GenerationException(
                GenerationError.ContextExceeded, $"\"{begin}\" takes {prompt.Length} tokens; the model reads and writes at most {engine.MaxContext} together");
        }

        var request = new GenerationRequest
        {
            PromptIds = prompt,
            Sampling = SamplingParameters.Greedy,
            Seed = new byte[SamplingSeed.Size],
            MaxTokens = Math.Min(_maxTokens, engine.MaxContext - prompt.Length),
        };
        var ids = new List<int>();
        await foreach (GeneratedToken token in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            ids.Add(token.Id);
        }

        return (_model.Tokenizer.Decode([.. ids]), ids.Count);
    }
}
