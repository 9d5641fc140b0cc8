namespace Verathos.Training.Rounds;

/// <summary>A round's events in a <see cref="FrameJournal"/>.</summary>
public sealed class RoundJournal : IDisposable
{
    private readonly FrameJournal _frames;
    private readonly List<RoundEvent> _events = [];

    /// <summary>Opens a journal, or makes one.</summary>
    /// <exception cref="InvalidDataException">The file is no journal, or was changed.</exception>
    /// <exception cref="IOException">The file cannot be opened, or another process has it.</exception>
    public RoundJournal(string path) => _frames = new FrameJournal(path, Take);

    /// <summary>The events that were there when it was opened.</summary>
    public IReadOnlyList<RoundEvent> Events => _events;

    /// <summary>Writes an event through to the disk.</summary>
    public void Append(RoundEvent happened) => _frames.Append(RoundEventEncoding.Encode(happened));

    /// <inheritdoc/>
    public void Dispose() => _frames.Dispose();

    private bool Take(byte[] piece)
    {
        if (!RoundEventEncoding.TryParse(piece, out RoundEvent? happened))
        {
            return false;
        }

        _events.Add(happened);
        return true;
    }
}
