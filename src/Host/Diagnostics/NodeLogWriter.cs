using System.Text.Json;
using MoeActors.Actors.Diagnostics;
using MoeActors.Compute.Files;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Diagnostics;

/// <summary>
/// A node's structured log: JSON lines, rotated by size (node.log, node.log.1, …, oldest dropped). Thread-safe. A full or broken disk never harms the node:
/// lines that cannot be written are counted and left out.
/// </summary>
public sealed class NodeLogWriter : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string _node;
    private readonly long _maxBytes;
    private readonly int _files;
    private readonly TimeProvider _time;
    private FileStream? _stream;
    private bool _disposed;

    /// <summary>Opens <paramref name="path"/> for appending, creating its folder where needed.</summary>
    /// <param name="path">The current file.</param>
    /// <param name="node">Name of the node, in every line.</param>
    /// <param name="maxBytes">Size at which the file is rotated.</param>
    /// <param name="files">Files kept, the current one included; at least 1.</param>
    /// <param name="time">Clock; the system's by default.</param>
    public NodeLogWriter(string path, string node, long maxBytes = 8 << 20, int files = 4, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(files, 1);
        _path = path;
        _node = node;
        _maxBytes = maxBytes;
        _files = files;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Lines that could not be written.</summary>
    public long Lost { get; private set; }

    /// <summary>Writes one line with the run, epoch and step of <see cref="LogContext"/>.</summary>
    public void Write(string level, string source, string message)
    {
        var line = new NodeLogLine(_time.GetUtcNow(), level, _node, LogContext.Run, LogContext.Epoch, LogContext.Step, source, message);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(line, ReportJson.Line);
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            try
            {
                Append(Stream(json.Length), json);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Lost++;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _stream?.Dispose();
            _stream = null;
        }
    }

    private static void Append(FileStream stream, byte[] line)
    {
        long whole = stream.Length;
        try
        {
            stream.Write(line);
        }
        catch (IOException)
        {
            // A full disk took part of the line: the next one must not be written behind it.
            stream.SetLength(whole);
            throw;
        }
    }

    private FileStream Stream(int next)
    {
        if (_stream is { } open && open.Length > 0 && open.Length + next > _maxBytes)
        {
            open.Dispose();
            _stream = null;
            Rotate();
        }

        if (_stream is null)
        {
            PrivateFiles.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            _stream = PrivateFiles.OpenToAppend(_path);
        }

        return _stream;
    }

    private void Rotate()
    {
        for (int i = _files - 1; i >= 1; i--)
        {
            string from = i == 1 ? _path : $"{_path}.{i - 1}";
            if (File.Exists(from))
            {
                File.Move(from, $"{_path}.{i}", overwrite: true);
            }
        }

        if (_files == 1)
        {
            File.Delete(_path);
        }
    }
}
