using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// A folder of this machine, or one that all machines share: files made durable by fsync, names by fsync of their folder, one writer at a time by
/// <see cref="StoreLock"/>. The folder itself may be a link; below it no link is followed, listed or written through: what lies elsewhere is none of the run's.
/// </summary>
/// <param name="root">The folder; created when it is first written to.</param>
/// <param name="files">File operations; null = the file system.</param>
public sealed class FolderStorage(string root, IFileOperations? files = null) : ICheckpointStorage
{
    private static readonly EnumerationOptions Plain = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
    private static readonly EnumerationOptions PlainBelow = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false, RecurseSubdirectories = true };

    private readonly string given = Path.GetFullPath(root);
    private readonly string root = Real(Path.GetFullPath(root));
    private readonly IFileOperations files = files ?? PosixFiles.Instance;

    /// <inheritdoc/>
    public string Location => given;

    /// <inheritdoc/>
    public string Remedy => "make the run directory readable and writable, with space on its disk";

    /// <inheritdoc/>
    public bool ExcludesProcesses => true;

    /// <inheritdoc/>
    public string Describe(string name) => Path.Combine(given, name);

    /// <inheritdoc/>
    public IReadOnlyList<StoredObject> List(string folder)
    {
        string path = Path.Combine(root, folder);
        return FileStatus.Of(path) is { IsFolder: true }
            ? [.. new DirectoryInfo(path).EnumerateFiles("*", folder.Length == 0 ? Plain : PlainBelow).Select(f => Stored(root, f)).OfType<StoredObject>()]
            : [];
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
    public IReadOnlyList<string> Folders() => Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root, "*", Plain).Select(d => Path.GetFileName(d))] : [];

    /// <inheritdoc/>
    public SmallObject? Read(string name)
    {
        try
        {
            using SafeFileHandle file = PrivateFiles.Open(Below(name), Posix.ReadOnly);
            byte[] content = SmallObject.Room(Describe(name), RandomAccess.GetLength(file));
            int filled = 0;
            for (int n; filled < content.Length && (n = RandomAccess.Read(file, content.AsSpan(filled), filled)) > 0;)
            {
                filled += n;
            }

            Array.Resize(ref content, filled);
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
        SafeFileHandle handle;
        try
        {
            handle = PrivateFiles.Open(Below(name), Posix.ReadOnly);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // The lock keeps writers from taking the space of a file that is retired while it is read. Other errors: a file system without locks, where no space is reused.
        if (Posix.Lock(handle, Posix.LockShared | Posix.LockNonBlocking) == Posix.WouldBlock)
        {
            handle.Dispose();
            throw new IOException($"{Describe(name)}: its space is being written anew");
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
            files.CreateFolder(Below($"{folder}/")[..^1]);
            files.SyncFolder(root);
        }
    }

    /// <inheritdoc/>
    public IWritableFile Create(string name, long length) => RecycledFiles.Create(files, root, Below(name), length);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFile> Spares() => RecycledFiles.Look(root);

    /// <inheritdoc/>
    public void Retire(string name)
    {
        string spare = Below(RecycledFiles.NameOf(name));
        files.CreateFolder(Path.GetDirectoryName(spare)!);
        files.Rename(Below(name), spare);
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

    private static string Real(string root) =>
        FileStatus.Of(Path.TrimEndingDirectorySeparator(root)) is { IsLink: true } ? new DirectoryInfo(root).ResolveLinkTarget(returnFinalTarget: true)!.FullName : root;

    /// <summary>The path of <paramref name="name"/>, none of whose folders below the root is a link.</summary>
    private string Below(string name)
    {
        for (int slash = name.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = name.IndexOf('/', slash + 1))
        {
            if (FileStatus.Of(Path.Combine(root, name[..slash])) is { IsLink: true })
            {
                throw new IOException($"{Describe(name[..slash])}: is a link, and below a checkpoints folder none is followed: put the folder itself there, or delete the link");
            }
        }

        return Path.Combine(root, name);
    }
}
