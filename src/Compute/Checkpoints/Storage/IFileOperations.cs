namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// The writes a checkpoint is made of, in the terms of POSIX durability: content is durable after <see cref="IWritableFile.Sync"/>, a name
/// (created, renamed, deleted) after <see cref="SyncFolder"/> of its folder. Everything that changes a checkpoints folder goes through here,
/// so that a crash between any two operations can be examined. Paths are absolute. Errors are IOException or UnauthorizedAccessException. Thread-safe.
/// </summary>
public interface IFileOperations
{
    /// <summary>Creates the folder and its missing parents; nothing happens when it exists.</summary>
    void CreateFolder(string path);

    /// <summary>Creates or empties a file and reserves <paramref name="length"/> bytes, so that a full disk is seen at once.</summary>
    IWritableFile Create(string path, long length);

    /// <summary>
    /// Moves <paramref name="spare"/>, a file that nothing refers to, to <paramref name="path"/> and opens it to be overwritten from its beginning, with
    /// <paramref name="length"/> bytes of space. Null when it is gone or cannot be had: create a new one.
    /// </summary>
    IWritableFile? Reuse(string spare, string path, long length);

    /// <summary>Renames a file over <paramref name="to"/>, atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Makes the names in a folder durable. False on a file system that does not sync folders.</summary>
    bool SyncFolder(string path);

    /// <summary>Deletes a file; nothing happens when it is gone.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes an empty folder; nothing happens when it is gone or not empty.</summary>
    void DeleteFolder(string path);
}

/// <summary>A file being written from its beginning to its end. One thread at a time. Disposing closes it, without making it durable.</summary>
public interface IWritableFile : IDisposable
{
    /// <summary>Appends <paramref name="bytes"/>; they are copied or written before the call returns.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Appends <paramref name="count"/> bytes at <paramref name="bytes"/> without copying them, where that is possible; the caller keeps them unchanged until <see cref="Sync"/> has returned or the file
    /// is disposed of. False: nothing was done, <see cref="Append"/> them.
    /// </summary>
    bool Borrow(nint bytes, long count) => false;

    /// <summary>Writes what is buffered and makes the content durable. The last call before disposing.</summary>
    void Sync();
}
