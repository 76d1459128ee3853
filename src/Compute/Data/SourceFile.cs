using System.Buffers;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Data;

/// <summary>One file of a text: where it begins, what it held when it was first read, and its handle while it is open.</summary>
internal sealed class SourceFile
{
    private readonly string _path;
    private DateTime _written;

    private SourceFile(string path, long begin, long length, byte[] hash, DateTime written)
    {
        (_path, Begin, Length, Hash, _written) = (path, begin, length, hash, written);
    }

    /// <summary>Offset of its first byte in the whole text.</summary>
    public long Begin { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>XxHash128 of its contents.</summary>
    public byte[] Hash { get; }

    /// <summary>The open file, or null.</summary>
    public SafeFileHandle? Handle { get; private set; }

    /// <summary>Reads the whole file once for its size and hash.</summary>
    public static SourceFile Read(string path, long begin, byte[] buffer)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            DateTime written = File.GetLastWriteTimeUtc(handle);
            (long length, byte[] hash) = Contents(handle, buffer);
            return new SourceFile(path, begin, length, hash, written);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(path, e);
        }
    }

    /// <summary>Opens the file for reads by position.</summary>
    public void Open()
    {
        try
        {
            Handle = File.OpenHandle(_path, options: FileOptions.RandomAccess);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(_path, e);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Close()
    {
        Handle?.Dispose();
        Handle = null;
    }

    /// <summary>Fills <paramref name="bytes"/> from <paramref name="offset"/> on; throws <see cref="CorpusException"/> when the contents are no longer the same.</summary>
    public void Read(SafeFileHandle handle, long offset, Span<byte> bytes)
    {
        try
        {
            CheckUnchanged(handle);
            while (bytes.Length > 0)
            {
                int n = RandomAccess.Read(handle, bytes, offset);
                if (n == 0)
                {
                    throw Changed();
                }

                bytes = bytes[n..];
                offset += n;
            }
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(_path, e);
        }
    }

    private static (long Length, byte[] Hash) Contents(SafeFileHandle handle, byte[] buffer)
    {
        var hash = new XxHash128();
        long length = 0;
        for (int n; (n = RandomAccess.Read(handle, buffer, length)) > 0; length += n)
        {
            hash.Append(buffer.AsSpan(0, n));
        }

        return (length, hash.GetCurrentHash());
    }

    /// <summary>Size and time of the last write tell at the cost of two system calls; only when they differ are the contents compared.</summary>
    private void CheckUnchanged(SafeFileHandle handle)
    {
        DateTime written = File.GetLastWriteTimeUtc(handle);
        if (written == _written && RandomAccess.GetLength(handle) == Length)
        {
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        (long length, byte[] hash) = Contents(handle, buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        if (length != Length || !hash.AsSpan().SequenceEqual(Hash))
        {
            throw Changed();
        }

        _written = written;
    }

    private CorpusException Changed() =>
        new($"{_path}: was changed while a run reads it: put its earlier contents back, or train on a copy that stays as it is");
}
