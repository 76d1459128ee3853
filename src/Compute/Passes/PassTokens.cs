using MoeActors.Compute.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>A micro-batch's tokens, checked: inputs [B·T] and the targets that follow them. Owns its tensor.</summary>
internal sealed class PassTokens : IDisposable
{
    public PassTokens(DenseModel model, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        long[] shape = tokens.shape;
        if (tokens.dtype != ScalarType.Int64 || shape.Length != 2 || shape[0] < 1 || shape[1] < 2 || shape[1] > model.Model.Context + 1)
        {
            throw new ArgumentException(
                $"tokens {tokens.dtype} [{string.Join(", ", shape)}]: expected int64 [B, T+1] with T between 1 and model.context = {model.Model.Context}", nameof(tokens));
        }

        using var scope = NewDisposeScope();
        Batch = shape[0];
        long time = shape[1] - 1;
        long[] all = tokens.cpu().contiguous().data<long>().ToArray();
        Inputs = new int[Batch * time];
        long[] targets = new long[Batch * time];
        for (long b = 0, i = 0; b < Batch; b++)
        {
            for (long t = 0; t < time; t++, i++)
            {
                Inputs[i] = Check(all[(b * (time + 1)) + t], model.Model.Vocabulary);
                targets[i] = Check(all[(b * (time + 1)) + t + 1], model.Model.Vocabulary);
            }
        }

        Targets = tensor(targets, device: model.Device).DetachFromDisposeScope();
    }

    public long Batch { get; }

    public int[] Inputs { get; }

    /// <summary>int64 [B·T].</summary>
    public Tensor Targets { get; }

    public long Count => Inputs.Length;

    public void Dispose() => Targets.Dispose();

    private static int Check(long token, int vocabulary) => token >= 0 && token < vocabulary
        ? (int)token
        : throw new ArgumentException($"token id {token}: expected 0 to model.vocabulary - 1 = {vocabulary - 1}");
}
