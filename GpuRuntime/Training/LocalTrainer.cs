using System.Text;
using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Vocabulary;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training;

/// <summary>Follows a recipe on this machine's processor: corpus, vocabulary, training with checkpoints, model folder.</summary>
public sealed class LocalTrainer
{
    private readonly TrainingRecipe _recipe;
    private readonly TrainingOptions _options;
    private readonly TimeProvider _time;
    private readonly IProgress<TrainingProgress>? _progress;

    /// <summary>Prepares a run.</summary>
    public LocalTrainer(TrainingRecipe recipe, TrainingOptions options, TimeProvider time, IProgress<TrainingProgress>? progress = null)
    {
        (_recipe, _options, _time, _progress) = (recipe, options, time, progress);
    }

    /// <summary>Trains, continuing a checkpoint of the same recipe if there is one.</summary>
    /// <param name="cancellationToken">Stops after the current step and writes a checkpoint.</param>
    /// <exception cref="TrainingException">
    /// The corpus is not the recipe's, the checkpoint belongs to another recipe, or the loss is no longer finite.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public TrainingResult Run(CancellationToken cancellationToken)
    {
        NativeRuntime.Load();
        set_num_threads(_recipe.Optimiser.Threads);
        long started = _time.GetTimestamp();
        Checkpoint? checkpoint = ReadCheckpoint();
        (Document[] documents, string digest) = WriteCorpus();
        Report(TrainingStage.Vocabulary);
        BpeVocabulary vocabulary = BpeTrainer.Train(documents.SelectMany(Texts).Concat(Numbers()), _recipe.VocabularySize);
        Report(TrainingStage.Encoding);
        EncodedDocument[] encoded = Encode(documents, vocabulary);

        using LlamaTrainingModel model = checkpoint is null
            ? LlamaTrainingModel.Create(_recipe.Model, vocabulary.Tokens.Count, _recipe.Seed)
            : LlamaTrainingModel.FromWeights(
                _recipe.Model, vocabulary.Tokens.Count, name => checkpoint.Tensors.GetValueOrDefault("weight/" + name));
        using var optimiser = new AdamW(model.Parameters, _recipe.Optimiser);
        checkpoint?.Restore(optimiser);
        OptimiserSettings settings = _recipe.Optimiser;
        var source = new BatchSource(encoded, settings.Rows, settings.Length, _recipe.Seed, checkpoint?.Position);

        int first = checkpoint?.Step ?? 0;
        int last = Math.Min(settings.Steps, _options.StopAfter ?? settings.Steps);
        int step = first;
        double loss = double.NaN, speed = 0;
        long trainingStarted = _time.GetTimestamp();
        while (step < last && !cancellationToken.IsCancellationRequested)
        {
            double rate = LearningRateSchedule.At(step, settings);
            loss = TrainStep(model, source.Next(), settings);
            if (!double.IsFinite(loss))
            {
                throw new TrainingException($"The loss is not finite at step {step + 1}; lower learning_rate in the recipe and start with --fresh.");
            }

            double norm = optimiser.Step(step, rate);
            step++;
            double seconds = _time.GetElapsedTime(trainingStarted).TotalSeconds;
            speed = seconds > 0 ? (double)(step - first) * settings.Rows * settings.Length / seconds : 0;
            TimeSpan remaining = TimeSpan.FromSeconds(seconds / (step - first) * (settings.Steps - step));
            _progress?.Report(new TrainingProgress(TrainingStage.Training, step, settings.Steps, loss, rate, norm, speed, remaining));
            if (step % settings.CheckpointEvery == 0 && step < last)
            {
                Checkpoint.Write(_options.CheckpointFile, _recipe.Digest(), step, source.Position, model, optimiser);
            }
        }

        Checkpoint.Write(_options.CheckpointFile, _recipe.Digest(), step, source.Position, model, optimiser);
        if (step == settings.Steps)
        {
            ModelFolder.Write(_options.Folder, _recipe, vocabulary, model);
            Report(TrainingStage.Saved);
        }

        return new TrainingResult(
            step == settings.Steps, step, first, loss, model.Size, vocabulary.Tokens.Count, encoded.Sum(d => (long)d.Ids.Length),
            digest, _time.GetElapsedTime(started), speed);
    }

    private static double TrainStep(LlamaTrainingModel model, Batch batch, OptimiserSettings settings)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor inputs = tensor(batch.Inputs, [settings.Rows, settings.Length]);
        Tensor logits = model.Forward(inputs, tensor(batch.Places));
        Tensor loss = nn.functional.cross_entropy(logits, tensor(batch.Targets));
        loss.backward();
        return loss.item<float>();
    }

    private static EncodedDocument[] Encode(Document[] documents, BpeVocabulary vocabulary)
    {
        var names = new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null);
        var encoder = new DocumentEncoder(TokenizerJson.Load(Encoding.UTF8.GetBytes(vocabulary.ToTokenizerJson()), names));
        return [.. documents.Select(encoder.Encode)];
    }

    // Every number of the closed world becomes one token, with and without a space before it.
    private static IEnumerable<string> Numbers() =>
        Enumerable.Repeat(Enumerable.Range(0, ClosedWorld.LargestSum + 1).SelectMany(n => new[] { $"{n}", $" {n}" }), 1000).SelectMany(n => n);

    private static IEnumerable<string> Texts(Document document) =>
        document.Turns.Count == 0 ? [document.Text] : document.Turns.SelectMany(t => new[] { t.Role + "\n", t.Content, "\n" });

    private (Document[] Documents, string Digest) WriteCorpus()
    {
        Report(TrainingStage.Corpus);
        Document[] documents = [.. new CorpusGenerator(_recipe.Seed).Documents(_recipe.Documents)];
        using FileStream? file = _options.CorpusFile is null ? null : File.Create(_options.CorpusFile);
        string digest = CorpusFile.Write(documents, file);
        if (_recipe.CorpusSha256 is { } expected && expected != digest)
        {
            throw new TrainingException(
                $"The corpus has SHA-256 {digest}, the recipe expects {expected}: the generator is not the recipe's. Set corpus_sha256 to null to train on it all the same.");
        }

        return (documents, digest);
    }

    private Checkpoint? ReadCheckpoint()
    {
        if (_options.Fresh || !File.Exists(_options.CheckpointFile))
        {
            return null;
        }

        var checkpoint = Checkpoint.Read(_options.CheckpointFile);
        return checkpoint.Recipe == _recipe.Digest()
            ? checkpoint
            : throw new TrainingException($"The checkpoint {_options.CheckpointFile} belongs to another recipe; start again with --fresh.");
    }

    private void Report(TrainingStage stage) =>
        _progress?.Report(new TrainingProgress(stage, 0, _recipe.Optimiser.Steps, double.NaN, 0, 0, 0, TimeSpan.Zero));
}
