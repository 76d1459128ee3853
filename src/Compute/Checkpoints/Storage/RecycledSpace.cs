namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>Which retired files are kept as space for the next checkpoint: overwriting space that a file has is faster than finding new space.</summary>
/// <param name="Keep">Retired files that become spares.</param>
/// <param name="Discard">Spares that make room for them.</param>
public sealed record RecycledSpace(IReadOnlyList<StoredFile> Keep, IReadOnlyList<StoredFile> Discard)
{
    /// <summary>Files below this are not worth keeping.</summary>
    public const long Smallest = 64 << 10;

    /// <summary>PURE: the newest of <paramref name="retired"/> first, then of <paramref name="pool"/>, up to <paramref name="most"/> bytes (one checkpoint) in all.</summary>
    public static RecycledSpace Decide(IEnumerable<StoredFile> retired, IEnumerable<StoredFile> pool, long most)
    {
        long left = most;
        bool Fits(StoredFile file)
        {
            bool fits = file.Bytes >= Smallest && file.Bytes <= left;
            left -= fits ? file.Bytes : 0;
            return fits;
        }

        List<StoredFile> keep = [.. retired.OrderByDescending(f => f.Step).Where(Fits)];
        return new RecycledSpace(keep, [.. pool.OrderByDescending(f => f.Step).Where(f => !Fits(f))]);
    }

    /// <summary>PURE: the spares to try for a file of <paramref name="length"/> bytes, the nearest in size first; none that is less than half as large, or more than twice.</summary>
    public static IReadOnlyList<StoredFile> Candidates(IEnumerable<StoredFile> pool, long length) => length < Smallest
        ? []
        : [.. pool.Where(f => f.Bytes >= length / 2 && f.Bytes / 2 <= length).OrderBy(f => Math.Abs(f.Bytes - length))];
}
