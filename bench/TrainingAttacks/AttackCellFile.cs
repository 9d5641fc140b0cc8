using System.Text;
using System.Text.Json;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>
/// Finished cells, one JSON text a line, each written at once: a run that was killed loses the cells in progress and nothing else. Cells of
/// other settings are left where they are and not counted.
/// </summary>
internal sealed class AttackCellFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly string _path;
    private readonly int _rounds;
    private readonly Dictionary<AttackCell, AttackResult> _cells = [];
    private readonly Lock _gate = new();

    private AttackCellFile(string path, int rounds) => (_path, _rounds) = (path, rounds);

    public static AttackCellFile Open(string path, int rounds)
    {
        AttackCellFile file = new(path, rounds);
        foreach (string line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            if (TryRead(line) is { } kept && kept.Settings == AttackModel.Settings(kept.Result.Cell.Aggregator) && kept.Rounds == rounds)
            {
                file._cells[kept.Result.Cell] = kept.Result;
            }
        }

        return file;
    }

    public bool Has(AttackCell cell)
    {
        lock (_gate)
        {
            return _cells.ContainsKey(cell);
        }
    }

    public AttackResult Get(AttackCell cell)
    {
        lock (_gate)
        {
            return _cells[cell];
        }
    }

    public void Append(AttackResult result)
    {
        byte[] line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new Kept(AttackModel.Settings(result.Cell.Aggregator), _rounds, result), Json) + "\n");
        lock (_gate)
        {
            // A line that a stop cut short is ended first, so that it spoils none after it.
            using FileStream file = new(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
            if (file.Length > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                line = file.ReadByte() == '\n' ? line : [(byte)'\n', .. line];
            }

            file.Write(line);
            file.Flush(flushToDisk: true);
            _cells[result.Cell] = result;
        }
    }

    private static Kept? TryRead(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Kept>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Kept(string Settings, int Rounds, AttackResult Result);
}
