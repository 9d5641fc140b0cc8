using TorchSharp;
using Verathos.GpuRuntime.Native;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, algorithm 2) whose moments can be read and set, so that a checkpoint continues
/// bit for bit. Matrices decay; vectors do not.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;
    private readonly OptimiserSettings _settings;
    private readonly IReadOnlyDictionary<string, Tensor> _parameters;
    private readonly Dictionary<string, (Tensor First, Tensor Second)> _moments = [];

    /// <summary>Starts with zero moments.</summary>
    public AdamW(IReadOnlyDictionary<string, Tensor> parameters, OptimiserSettings settings)
    {
        _parameters = parameters;
        _settings = settings;
        foreach ((string name, Tensor parameter) in parameters)
        {
            _moments[name] = (zeros(parameter.shape).DetachFromDisposeScope(), zeros(parameter.shape).DetachFromDisposeScope());
        }
    }

    /// <summary>First and second moments by parameter name, f32, of the parameter's shape.</summary>
    public IReadOnlyDictionary<string, (Tensor First, Tensor Second)> Moments => _moments;

    /// <summary>Clips the gradient as a whole, updates every parameter in place and clears the gradients.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <returns>The gradient's norm before clipping.</returns>
    public double Step(int step, double learningRate)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        double norm = Math.Sqrt(_parameters.Values.Sum(p => (double)p.grad!.square().sum(ScalarType.Float64).item<double>()));
        double scale = norm > _settings.ClipNorm ? _settings.ClipNorm / norm : 1.0;
        double correction1 = 1.0 - Math.Pow(_settings.Beta1, step + 1);
        double correction2 = Math.Sqrt(1.0 - Math.Pow(_settings.Beta2, step + 1));
        using Scalar clip = scale;
        using Scalar keepFirst = _settings.Beta1;
        using Scalar takeFirst = 1.0 - _settings.Beta1;
        using Scalar keepSecond = _settings.Beta2;
        using Scalar takeSecond = 1.0 - _settings.Beta2;
        using Scalar decay = 1.0 - (learningRate * _settings.WeightDecay);
        using Scalar correction = correction2;
        using Scalar epsilon = Epsilon;
        using Scalar change = -learningRate / correction1;
        foreach ((string name, Tensor parameter) in _parameters)
        {
            Tensor gradient = parameter.grad!.mul(clip);
            (Tensor first, Tensor second) = _moments[name];
            first.mul_(keepFirst).add_(gradient, alpha: takeFirst);
            second.mul_(keepSecond).addcmul_(gradient, gradient, value: takeSecond);
            if (parameter.dim() > 1)
            {
                parameter.mul_(decay);
            }

            Tensor denominator = second.sqrt().div_(correction).Increase(epsilon);
            parameter.addcdiv_(first, denominator, value: change);
            parameter.grad!.zero_();
        }

        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor first, Tensor second) in _moments.Values)
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
