using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// A folder of this machine, or one that all machines share: files made durable by fsync, names by fsync of their folder, one writer at a time by
/// <see cref="StoreLock"/>.
/// </summary>
/// <param name="root">The folder; created when it is first written to.</param>
/// <param name="files">File operations; null = the file system.</param>
public sealed class FolderStorage(string root, IFileOperations? files = null) : ICheckpointStorage
{
    private readonly string root = Path.GetFullPath(root);
    private readonly IFileOperations files = files ?? PosixFiles.Instance;

    /// <inheritdoc/>
    public string Location => root;

    /// <inheritdoc/>
    public string Remedy => "make the run directory readable and writable, with space on its disk";

    /// <inheritdoc/>
    public bool ExcludesProcesses => true;

    /// <inheritdoc/>
    public string Describe(string name) => Path.Combine(root, name);

    /// <inheritdoc/>
    public IReadOnlyList<StoredObject> List(string folder)
    {
        var info = new DirectoryInfo(Path.Combine(root, folder));
        SearchOption depth = folder.Length == 0 ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories;
        return info.Exists ? [.. info.EnumerateFiles("*", depth).Select(f => Stored(root, f)).OfType<StoredObject>()] : [];
    }

    /// <summary>What a listing shows of a file; null where another process has renamed or deleted it since it was listed.</summary>
    internal static StoredObject? Stored(string root, FileInfo file)
    {
        try
        {
            return new StoredObject(Path.GetRelativePath(root, file.FullName), file.Length);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Folders() => Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root).Select(d => Path.GetFileName(d))] : [];

    /// <inheritdoc/>
    public SmallObject? Read(string name)
    {
        try
        {
            byte[] content = File.ReadAllBytes(Path.Combine(root, name));
            return new SmallObject(content, Checksums.Of(content));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IStoredFile? Open(string name)
    {
        string path = Path.Combine(root, name);
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // The lock keeps writers from taking the space of a file that is retired while it is read. Other errors: a file system without locks, where no space is reused.
        if (Posix.Lock(handle, Posix.LockShared | Posix.LockNonBlocking) == Posix.WouldBlock)
        {
            handle.Dispose();
            throw new IOException($"{path}: its space is being written anew");
        }

        return new FolderFile(handle);
    }

    /// <inheritdoc/>
    public void CreateFolder(string folder)
    {
        if (!Directory.Exists(root))
        {
            // CK-2: what is durable in a folder is lost with a folder that is not. The run directory may be as new as this one.
            files.CreateFolder(root);
            string parent = Path.GetDirectoryName(root)!;
            files.SyncFolder(parent);
            files.SyncFolder(Path.GetDirectoryName(parent) ?? parent);
        }

        if (folder.Length > 0)
        {
            files.CreateFolder(Path.Combine(root, folder));
            files.SyncFolder(root);
        }
    }

    /// <inheritdoc/>
    public IWritableFile Create(string name, long length) => SparePool.Create(files, root, Path.Combine(root, name), length);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFile> Spares() => SparePool.Look(root);

    /// <inheritdoc/>
    public void Retire(string name)
    {
        files.CreateFolder(Path.Combine(root, SparePool.Folder));
        files.Rename(Path.Combine(root, name), Path.Combine(root, SparePool.NameOf(name)));
    }

    /// <inheritdoc/>
    public bool SyncFolder(string folder) => files.SyncFolder(Path.Combine(root, folder));

    /// <inheritdoc/>
    public bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition) =>
        Read(name)?.Tag == condition.Tag
            ? AtomicFile.Write(files, Path.Combine(root, name), content)
            : throw new PutConflictException($"{Describe(name)}: changed by another process in between");

    /// <inheritdoc/>
    public void Delete(string name) => files.DeleteFile(Path.Combine(root, name));

    /// <inheritdoc/>
    public void DeleteIf(string name, string tag)
    {
        if (Read(name)?.Tag == tag)
        {
            Delete(name);
        }
    }

    /// <inheritdoc/>
    public void DeleteFolder(string folder) => files.DeleteFolder(Path.Combine(root, folder));

    /// <inheritdoc/>
    public void DeleteLeftovers()
    {
        foreach (StoredObject left in List("").Where(f => f.Name.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)))
        {
            Delete(left.Name);
        }
    }

    /// <inheritdoc/>
    public IDisposable Exclusive() => StoreLock.Take(root);
}
