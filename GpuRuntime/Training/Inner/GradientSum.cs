using TorchSharp;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Adds gradients of passes in the passes' order, in binary32, whoever finishes first: a pass that is early waits for its turn. Passes
/// must be begun in their order, so that the one whose turn it is always runs.
/// </summary>
internal sealed class GradientSum
{
    private readonly Lock _entering = new();
    private readonly Tensor _sum;
    private readonly SemaphoreSlim[] _turns;
    private volatile bool _failed;

    /// <summary>Starts at zero.</summary>
    /// <param name="sum">f32, flat; is cleared.</param>
    /// <param name="passes">Their number.</param>
    public GradientSum(Tensor sum, int passes)
    {
        _sum = sum;
        _turns = [.. Enumerable.Range(0, passes + 1).Select(static pass => new SemaphoreSlim(pass == 0 ? 1 : 0))];
        _sum.zero_();
    }

    /// <summary>Adds a pass's gradient when all before it have been added.</summary>
    /// <param name="pass">From 0.</param>
    /// <param name="gradient">f32, flat; null where the pass had nothing to learn.</param>
    public void Add(int pass, Tensor? gradient)
    {
        _turns[pass].Wait();
        if (gradient is not null && !_failed)
        {
            _sum.Increase(gradient);
        }

        _turns[pass + 1].Release();
    }

    /// <summary>Lets all that wait go on without adding anything, because a pass failed.</summary>
    public void Abandon()
    {
        lock (_entering)
        {
            if (!_failed)
            {
                _failed = true;
                foreach (SemaphoreSlim turn in _turns)
                {
                    turn.Release();
                }
            }
        }
    }
}
