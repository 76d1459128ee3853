using System.IO.Hashing;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>The digest of one whole tensor's slot: what state hashes are made of, wherever the tensor lies.</summary>
/// <param name="Tensor">Parameter name.</param>
/// <param name="Slot">Slot.</param>
/// <param name="Dtype">safetensors name.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Hash">XxHash128 of all elements in row-major order, little-endian, as 32 hex digits.</param>
public sealed record TensorDigest(string Tensor, string Slot, string Dtype, long[] Shape, string Hash)
{
    /// <summary>Digest of a tensor in memory (CPU, contiguous). The caller keeps the memory alive.</summary>
    public static unsafe TensorDigest Of(string tensor, string slot, string dtype, long[] shape, nint pointer)
    {
        long bytes = ElementTypes.Count(shape) * ElementTypes.Size(dtype);
        var hash = new XxHash128();
        for (long done = 0; done < bytes; done += 1 << 30)
        {
            hash.Append(new ReadOnlySpan<byte>((byte*)pointer + done, (int)Math.Min(1 << 30, bytes - done)));
        }

        return new TensorDigest(tensor, slot, dtype, shape, Checksums.Finish(hash));
    }
}
