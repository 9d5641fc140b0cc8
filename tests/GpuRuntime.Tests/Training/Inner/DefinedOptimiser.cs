using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

/// <summary>AdamW, SGD and Muon as their papers write them, element by element in binary64.</summary>
internal sealed class DefinedOptimiser
{
    private readonly ParameterLayout _layout;
    private readonly InnerSettings _settings;
    private readonly double[] _first;
    private readonly double[] _second;

    public DefinedOptimiser(ParameterLayout layout, InnerSettings settings, float[] start)
    {
        (_layout, _settings) = (layout, settings);
        Weights = [.. start.Select(w => (double)w)];
        (_first, _second) = (new double[start.Length], new double[start.Length]);
    }

    public double[] Weights { get; }

    /// <summary>Numbers that the rule must remember.</summary>
    public long StateSize => Enumerable.Range(0, _layout.Tensors.Count).Sum(tensor =>
        (long)_layout.Length(tensor) * (_settings.Optimiser == OptimiserKind.AdamW || (_settings.Optimiser == OptimiserKind.Muon && !IsHiddenMatrix(tensor)) ? 2 : 1));

    public void Step(float[] gradient, int step, double rate)
    {
        for (int tensor = 0; tensor < _layout.Tensors.Count; tensor++)
        {
            (int offset, int length) = (_layout.Offset(tensor), _layout.Length(tensor));
            if (!_layout.IsVector(tensor))
            {
                for (int i = offset; i < offset + length; i++)
                {
                    Weights[i] *= 1 - (rate * _settings.WeightDecay);
                }
            }

            if (_settings.Optimiser == OptimiserKind.Muon && IsHiddenMatrix(tensor))
            {
                Muon(tensor, gradient, rate);
                continue;
            }

            for (int i = offset; i < offset + length; i++)
            {
                if (_settings.Optimiser == OptimiserKind.Sgd)
                {
                    _first[i] = (_settings.Momentum * _first[i]) + gradient[i];
                    Weights[i] -= rate * (_settings.Nesterov ? gradient[i] + (_settings.Momentum * _first[i]) : _first[i]);
                }
                else
                {
                    _first[i] = (_settings.Beta1 * _first[i]) + ((1 - _settings.Beta1) * gradient[i]);
                    _second[i] = (_settings.Beta2 * _second[i]) + ((1 - _settings.Beta2) * gradient[i] * gradient[i]);
                    double first = _first[i] / (1 - Math.Pow(_settings.Beta1, step + 1)), second = _second[i] / (1 - Math.Pow(_settings.Beta2, step + 1));
                    Weights[i] -= rate * first / (Math.Sqrt(second) + _settings.Epsilon);
                }
            }
        }
    }

    private bool IsHiddenMatrix(int tensor) =>
        !_layout.IsVector(tensor) && _layout.Tensors[tensor].Name is not (ModelTensors.Embedding or ModelTensors.Output);

    // https://kellerjordan.github.io/posts/muon, and the step's length of https://arxiv.org/abs/2502.16982, section 2.2.
    private void Muon(int tensor, float[] gradient, double rate)
    {
        (_, int rows, int columns) = _layout.Tensors[tensor];
        int offset = _layout.Offset(tensor);
        double momentum = _settings.Momentum;
        double[,] x = new double[rows, columns];
        double norm = 0;
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                int i = offset + (r * columns) + c;
                _first[i] = (momentum * _first[i]) + ((1 - momentum) * gradient[i]);
                x[r, c] = _settings.Nesterov ? ((1 - momentum) * gradient[i]) + (momentum * _first[i]) : _first[i];
                norm += x[r, c] * x[r, c];
            }
        }

        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                x[r, c] /= Math.Sqrt(norm) + 1e-7;
            }
        }

        for (int iteration = 0; iteration < _settings.NewtonSchulz; iteration++)
        {
            double[,] square = rows > columns ? Product(Turned(x), x) : Product(x, Turned(x));
            double[,] fourth = Product(square, square);
            int side = square.GetLength(0);
            double[,] polynomial = new double[side, side];
            for (int r = 0; r < side; r++)
            {
                for (int c = 0; c < side; c++)
                {
                    polynomial[r, c] = (-4.7750 * square[r, c]) + (2.0315 * fourth[r, c]) + (r == c ? 3.4445 : 0);
                }
            }

            x = rows > columns ? Product(x, polynomial) : Product(polynomial, x);
        }

        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                Weights[offset + (r * columns) + c] -= rate * 0.2 * Math.Sqrt(Math.Max(rows, columns)) * x[r, c];
            }
        }
    }

    private static double[,] Turned(double[,] matrix)
    {
        double[,] turned = new double[matrix.GetLength(1), matrix.GetLength(0)];
        for (int r = 0; r < matrix.GetLength(0); r++)
        {
            for (int c = 0; c < matrix.GetLength(1); c++)
            {
                turned[c, r] = matrix[r, c];
            }
        }

        return turned;
    }

    private static double[,] Product(double[,] left, double[,] right)
    {
        double[,] product = new double[left.GetLength(0), right.GetLength(1)];
        for (int r = 0; r < product.GetLength(0); r++)
        {
            for (int c = 0; c < product.GetLength(1); c++)
            {
                for (int k = 0; k < right.GetLength(0); k++)
                {
                    product[r, c] += left[r, k] * right[k, c];
                }
            }
        }

        return product;
    }
}
