using System.Text;
using System.Text.Json;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.GpuRuntime.Training.Vocabulary;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Rounds;
using Verathos.Training.Shards;
using Verathos.Validator.Training;

namespace Verathos.Host.Training;

/// <summary>What a run's file comes to: documents, vocabulary and the model that the first round starts from; the same for every member.</summary>
internal sealed class RunMaterial
{
    private RunMaterial(RunFile run, ModelWeights start, IReadOnlyList<EncodedDocument> documents, IReadOnlyList<byte[]> digests, string? tokenizer) =>
        (Run, Start, Documents, Digests, Tokenizer) = (run, start, documents, digests, tokenizer);

    /// <summary>The run.</summary>
    public RunFile Run { get; }

    /// <summary>The model that the run starts from.</summary>
    public ModelWeights Start { get; }

    /// <summary>All documents; empty where they were not asked for.</summary>
    public IReadOnlyList<EncodedDocument> Documents { get; }

    /// <summary>SHA-256 of each document's line in the corpus file.</summary>
    public IReadOnlyList<byte[]> Digests { get; }

    /// <summary>The vocabulary as tokenizer.json; null where the model's own is used.</summary>
    public string? Tokenizer { get; }

    /// <summary>Documents that can be assigned: all but the last ones, which are held out.</summary>
    public int Assignable => Documents.Count - Run.Judging.HeldOutDocuments;

    /// <summary>The documents that a round's beacon gives a worker.</summary>
    public int[] Assigned(RoundSettings settings, WorkerKey worker) => ShardAssignment.Documents(settings.Beacon.Span, worker, settings.Round, Assignable, Run.Work.Documents);

    /// <summary>Makes or reads documents, vocabulary and model.</summary>
    /// <param name="run">The run's file.</param>
    /// <param name="folder">The folder to which its paths are relative.</param>
    /// <param name="withDocuments">Whether documents are needed; the coordinator needs none.</param>
    /// <param name="tell">Takes a line of progress.</param>
    /// <exception cref="TrainingException">Something of it cannot be had; the message says what.</exception>
    public static RunMaterial Load(RunFile run, string folder, bool withDocuments, Action<string> tell)
    {
        Document[] documents = [];
        string? tokenizerJson = null;
        int? vocabulary = null;
        if (withDocuments || run.Corpus.VocabularySize is not null)
        {
            tell("reading the documents");
            documents = ReadDocuments(run.Corpus, folder);
        }

        Tokenizer tokenizer;
        if (run.Corpus.VocabularySize is { } size)
        {
            tell("training the vocabulary");
            BpeVocabulary trained = BpeTrainer.Train(documents.SelectMany(Texts), size);
            tokenizerJson = trained.ToTokenizerJson();
            vocabulary = trained.Tokens.Count;
            tokenizer = TokenizerJson.Load(Encoding.UTF8.GetBytes(tokenizerJson), new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null));
        }
        else
        {
            string file = Path.Combine(Path.GetFullPath(run.Model.Path ?? "", folder), "tokenizer.json");
            if (run.Model.Path is null || !File.Exists(file))
            {
                throw new TrainingException($"corpus.vocabulary_size must be given where the model brings no vocabulary: there is no {file}.");
            }

            tokenizer = TokenizerJson.Load(File.ReadAllBytes(file), new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null));
        }

        ModelWeights start;
        if (run.Model.Path is { } path)
        {
            tell("reading the model");
            start = ModelWeights.Load(Path.GetFullPath(path, folder));
            if (vocabulary > start.Config.VocabularySize)
            {
                throw new TrainingException($"The vocabulary has {vocabulary} tokens and the model {start.Config.VocabularySize}.");
            }
        }
        else
        {
            start = ModelWeights.Random(run.Model.Shape!.ToConfig(vocabulary ?? throw new TrainingException("corpus.vocabulary_size must be given where the model is a shape.")), run.Model.Seed!.Value);
        }

        if (!withDocuments)
        {
            return new RunMaterial(run, start, [], [], tokenizerJson);
        }

        tell("encoding the documents");
        DocumentEncoder encoder = new(tokenizer);
        (EncodedDocument Encoded, byte[] Digest)[] all =
        [
            .. documents.Select(document => (encoder.Encode(document), Convert.FromHexString(CorpusFile.Write([document], null)))),
        ];

        // One in which nothing can be learned within a sequence teaches nothing and measures nothing.
        all = [.. all.Where(document => TextObjective.Tokens(document.Encoded, run.Work.Length) > 0)];
        if (all.Length <= run.Judging.HeldOutDocuments || all.Length - run.Judging.HeldOutDocuments < run.Work.Documents)
        {
            throw new TrainingException(
                $"The corpus has {all.Length} documents with something to learn: too few for {run.Judging.HeldOutDocuments} that are held out and {run.Work.Documents} of a worker.");
        }

        return new RunMaterial(run, start, [.. all.Select(static document => document.Encoded)], [.. all.Select(static document => document.Digest)], tokenizerJson);
    }

    /// <summary>A trainer of the run's arithmetic, at the run's start.</summary>
    /// <param name="threads">Threads; they change no bit.</param>
    /// <param name="anyProfile">Takes another profile all the same: a validator compares within a tolerance then.</param>
    /// <exception cref="TrainingException">This machine computes in another numeric profile than the run.</exception>
    public InnerTrainer NewTrainer(int threads, bool anyProfile = false)
    {
        InnerTrainer trainer = new(Start, Run.InnerSettings, threads);
        if (!anyProfile && trainer.Profile != Run.NumericProfile)
        {
            string own = trainer.Profile;
            trainer.Dispose();
            throw new TrainingException($"This machine computes in the numeric profile {own}, and the run is one of {Run.NumericProfile}: its records would not be taken.");
        }

        return trainer;
    }

    /// <summary>How what is trained lies in one vector.</summary>
    public static GradientLayout LayoutOf(ParameterLayout layout) => new([.. layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);

    private static IEnumerable<string> Texts(Document document) =>
        document.Turns.Count == 0 ? [document.Text] : document.Turns.SelectMany(static turn => new[] { turn.Role + "\n", turn.Content, "\n" });

    private static Document[] ReadDocuments(RunCorpus corpus, string folder)
    {
        if (corpus.Path is null)
        {
            return [.. new CorpusGenerator(corpus.Seed!.Value).Documents(corpus.Documents)];
        }

        string path = Path.GetFullPath(corpus.Path, folder);
        if (!File.Exists(path))
        {
            throw new TrainingException($"There is no corpus at {path}.");
        }

        try
        {
            return path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
                ? [.. File.ReadLines(path).Where(static line => line.Length > 0).Take(corpus.Documents).Select(ReadLine)]
                : [.. File.ReadAllText(path).ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Take(corpus.Documents).Select(static text => new Document([], text))];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new TrainingException($"{path} is no corpus: a line is neither {{\"text\": ...}} nor {{\"messages\": [...]}}.", exception);
        }
    }

    private static Document ReadLine(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("text", out JsonElement text)
            ? new Document([], text.GetString()!)
            : new Document([.. json.RootElement.GetProperty("messages").EnumerateArray().Select(static turn => new Turn(turn.GetProperty("role").GetString()!, turn.GetProperty("content").GetString()!))], "");
    }
}
