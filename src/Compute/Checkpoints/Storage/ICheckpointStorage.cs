using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// All that a checkpoint store needs of the place its objects lie in: names, ranged reads, durable writes, one small object replaced atomically
/// under a condition. Names are relative with '/', as in manifests: objects at the root (manifests, the fence) and data below one folder each.
/// Errors are IOException (its message one sentence) or UnauthorizedAccessException. Thread-safe.
/// </summary>
public interface ICheckpointStorage
{
    /// <summary>Where it is, for people: a folder's path or "s3://bucket/prefix".</summary>
    string Location { get; }

    /// <summary>What to do when it does not work, as the end of a sentence.</summary>
    string Remedy { get; }

    /// <summary>Whether <see cref="Exclusive"/> shuts out other processes too. Where it does not, the store looks at the fence again after each change.</summary>
    bool ExcludesProcesses { get; }

    /// <summary>The full name of an object, for people.</summary>
    string Describe(string name);

    /// <summary>The objects directly at the root ("") or anywhere below a folder; empty when there is none.</summary>
    IReadOnlyList<StoredObject> List(string folder);

    /// <summary>Names of the folders at the root that exist (in an object store: that hold something).</summary>
    IReadOnlyList<string> Folders();

    /// <summary>A small object as a whole; null when there is none.</summary>
    SmallObject? Read(string name);

    /// <summary>Opens an object for reading; null when there is none.</summary>
    IStoredFile? Open(string name);

    /// <summary>Creates a folder at the root, durably ("" = the root itself). An object store has nothing to do.</summary>
    void CreateFolder(string folder);

    /// <summary>
    /// Creates or replaces an object of <paramref name="length"/> bytes, which are then appended; it is there, durable and verified as far as the
    /// place can tell, after <see cref="IWritableFile.Sync"/> and a <see cref="SyncFolder"/> of its folder.
    /// </summary>
    IWritableFile Create(string name, long length);

    /// <summary>Makes the names in a folder durable. False where that cannot be promised.</summary>
    bool SyncFolder(string folder);

    /// <summary>
    /// Publishes a small object at the root atomically and durably (CK-1), or throws <see cref="PutConflictException"/> and changes nothing when
    /// <paramref name="condition"/> does not hold. False when durability cannot be promised. Call it within <see cref="Exclusive"/>.
    /// </summary>
    bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition);

    /// <summary>Deletes an object; nothing happens when it is gone.</summary>
    void Delete(string name);

    /// <summary>Space of retired objects that the next ones may take, oldest steps first known by name; none where space cannot be reused.</summary>
    IReadOnlyList<StoredFile> Spares() => [];

    /// <summary>
    /// Gives an object up, keeping its space for others where that helps. CK-2: only for what no manifest refers to any more, durably, and whose writer had finished.
    /// </summary>
    void Retire(string name) => Delete(name);

    /// <summary>Deletes an object that is still the one read with <paramref name="tag"/>; another one stays.</summary>
    void DeleteIf(string name, string tag);

    /// <summary>Deletes an empty folder; nothing happens when it is gone or not empty.</summary>
    void DeleteFolder(string folder);

    /// <summary>Deletes what publishers that died have left half done at the root. Call it within <see cref="Exclusive"/>.</summary>
    void DeleteLeftovers();

    /// <summary>One publisher, fence raiser or retainer at a time; ends when disposed, on the same thread.</summary>
    IDisposable Exclusive();
}

/// <summary>An object that is there.</summary>
/// <param name="Name">Name relative to the root, with '/'.</param>
/// <param name="Bytes">Length.</param>
public sealed record StoredObject(string Name, long Bytes);

/// <summary>What must hold for a put: nothing there, or that very content.</summary>
/// <param name="Tag">Tag of the content to be replaced; null = there must be none.</param>
public readonly record struct PutCondition(string? Tag)
{
    /// <summary>The object must not exist.</summary>
    public static PutCondition New => new(null);

    /// <summary>The object must be the one read with this tag.</summary>
    public static PutCondition Replaces(string tag) => new(tag);

    /// <summary>What replaces <paramref name="found"/>, or is new where nothing was found.</summary>
    public static PutCondition After(SmallObject? found) => new(found?.Tag);
}

/// <summary>A put whose condition did not hold: somebody else was there in between.</summary>
public sealed class PutConflictException(string message) : IOException(message);

/// <summary>An object open for reading. Thread-safe: several ranges may be read at once.</summary>
public interface IStoredFile : IDisposable
{
    /// <summary>Its length.</summary>
    long Bytes { get; }

    /// <summary>Reads bytes [<paramref name="offset"/>, <paramref name="offset"/> + <paramref name="count"/>) in order.</summary>
    IRangeReader Range(long offset, long count);
}

/// <summary>Bytes of a range, in order. One thread at a time.</summary>
public interface IRangeReader : IDisposable
{
    /// <summary>Reads some of what is left of the range; 0 at its end, or where the object ends before it.</summary>
    int Read(Span<byte> into);
}
