using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

/// <summary>
/// An S3-compatible server in this process, in memory: PUT with conditions, GET with ranges, HEAD, DELETE, ListObjectsV2 by pages, uploads in parts.
/// It can be told to misbehave.
/// </summary>
internal sealed class S3TestServer : IDisposable
{
    public const string Bucket = "bucket";

    private readonly HttpListener listener = new();
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, (byte[] Content, string Tag)> objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, byte[]>> uploads = [];
    private readonly Queue<Func<HttpListenerContext, bool>> mishaps = new();

    public S3TestServer()
    {
        // Between finding a free port and listening on it another process may take it.
        for (int attempt = 0; ; attempt++)
        {
            int port;
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                port = ((IPEndPoint)free.LocalEndpoint).Port;
            }

            Endpoint = $"http://127.0.0.1:{port}";
            listener.Prefixes.Clear();
            listener.Prefixes.Add(Endpoint + "/");
            try
            {
                listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 10)
            {
            }
        }

        new Thread(Serve) { IsBackground = true, Name = "s3-test-server" }.Start();
    }

    public string Endpoint { get; }

    /// <summary>False: conditions are ignored, as some servers do.</summary>
    public bool HonoursConditions { get; set; } = true;

    /// <summary>False: ETags are random, as under some encryptions.</summary>
    public bool TagsAreDigests { get; set; } = true;

    /// <summary>Entries of one page of a listing.</summary>
    public int PageSize { get; set; } = 3;

    public List<string> Requests { get; } = [];

    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (gate)
            {
                return [.. objects.Keys];
            }
        }
    }

    public int UnfinishedUploads
    {
        get
        {
            lock (gate)
            {
                return uploads.Count;
            }
        }
    }

    public byte[] this[string key]
    {
        get
        {
            lock (gate)
            {
                return objects[key].Content;
            }
        }
        set
        {
            lock (gate)
            {
                objects[key] = (value, Tag(Md5(value)));
            }
        }
    }

    /// <summary>The next request is answered with <paramref name="status"/> and does nothing.</summary>
    public void FailNext(HttpStatusCode status) => Mishap(c =>
    {
        Answer(c, status, "<Error><Code>InternalError</Code><Message>on purpose</Message></Error>");
        return true;
    });

    /// <summary>The next request is carried out, but its answer is lost.</summary>
    public void LoseNextAnswer() => Mishap(c =>
    {
        Carry(c, answer: false);
        c.Response.Abort();
        return true;
    });

    /// <summary>The next GET's connection breaks after <paramref name="bytes"/> bytes.</summary>
    public void BreakNextGetAfter(int bytes) => Mishap(c =>
    {
        if (c.Request.HttpMethod != "GET" || c.Request.Headers["Range"] is not { } range)
        {
            return false;
        }

        (int from, int to) = Range(range);
        byte[] content = this[KeyOf(c)];
        c.Response.StatusCode = 206;
        c.Response.ContentLength64 = to - from;
        c.Response.OutputStream.Write(content, from, bytes);
        c.Response.OutputStream.Flush();
        c.Response.Abort();
        return true;
    });

    /// <summary>The next object put is stored with one bit turned, and a tag as if it were sound.</summary>
    public bool CorruptPuts { get; set; }

    public void Dispose() => listener.Close();

    private void Mishap(Func<HttpListenerContext, bool> mishap)
    {
        lock (gate)
        {
            mishaps.Enqueue(mishap);
        }
    }

    private void Serve()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = listener.GetContext();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            Handle(context);
        }
    }

    private void Handle(HttpListenerContext context)
    {
        Func<HttpListenerContext, bool>? mishap;
        lock (gate)
        {
            Requests.Add($"{context.Request.HttpMethod} {context.Request.RawUrl}");
            mishaps.TryPeek(out mishap);
        }

        try
        {
            if (mishap is not null && mishap(context))
            {
                lock (gate)
                {
                    mishaps.Dequeue();
                }

                return;
            }

            Carry(context, answer: true);
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The client is gone.
        }
    }

    private void Carry(HttpListenerContext c, bool answer)
    {
        using var body = new MemoryStream();
        c.Request.InputStream.CopyTo(body);
        (HttpStatusCode status, byte[] content, string? tag) = Carry(c.Request, KeyOf(c), body.ToArray());
        if (!answer)
        {
            return;
        }

        if (tag is not null)
        {
            c.Response.Headers["ETag"] = $"\"{tag}\"";
        }

        Answer(c, status, content);
    }

    private (HttpStatusCode Status, byte[] Content, string? Tag) Carry(HttpListenerRequest r, string key, byte[] body)
    {
        lock (gate)
        {
            System.Collections.Specialized.NameValueCollection query = r.QueryString;
            if (!r.Url!.AbsolutePath.StartsWith($"/{Bucket}", StringComparison.Ordinal))
            {
                return (HttpStatusCode.NotFound, Xml("<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"), null);
            }

            if (r.Headers["Content-MD5"] is { } digest && digest != Convert.ToBase64String(Md5(body)))
            {
                return (HttpStatusCode.BadRequest, Xml("<Error><Code>BadDigest</Code><Message>altered on the way</Message></Error>"), null);
            }

            switch (r.HttpMethod, query["uploadId"])
            {
                case ("POST", null):
                    string id = Guid.NewGuid().ToString("N");
                    uploads[id] = [];
                    return (HttpStatusCode.OK, Xml($"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"), null);
                case ("PUT", { } upload):
                    uploads[upload][int.Parse(query["partNumber"]!, CultureInfo.InvariantCulture)] = Stored(body);
                    return (HttpStatusCode.OK, [], Tag(Md5(body)));
                case ("POST", { } upload):
                    if (!uploads.Remove(upload, out SortedDictionary<int, byte[]>? parts))
                    {
                        return (HttpStatusCode.NotFound, Xml("<Error><Code>NoSuchUpload</Code></Error>"), null);
                    }

                    string tag = $"{Tag(Md5([.. parts.Values.SelectMany(Md5)]))}-{parts.Count}";
                    objects[key] = ([.. parts.Values.SelectMany(p => p)], tag);
                    return (HttpStatusCode.OK, Xml($"<CompleteMultipartUploadResult><ETag>\"{tag}\"</ETag></CompleteMultipartUploadResult>"), null);
                case ("DELETE", { } upload):
                    uploads.Remove(upload);
                    return (HttpStatusCode.NoContent, [], null);
                case ("DELETE", null) when r.Headers["If-Match"] is { } match && HonoursConditions && objects.TryGetValue(key, out (byte[] Content, string Tag) there) && $"\"{there.Tag}\"" != match:
                    return (HttpStatusCode.PreconditionFailed, Xml("<Error><Code>PreconditionFailed</Code></Error>"), null);
                case ("DELETE", null):
                    objects.Remove(key);
                    return (HttpStatusCode.NoContent, [], null);
                case ("PUT", null):
                    return PutObject(r, key, body);
                case ("GET", _) when query["list-type"] == "2":
                    return (HttpStatusCode.OK, Listing(query["prefix"] ?? "", query["delimiter"], query["continuation-token"]), null);
                default:
                    return GetObject(r, key);
            }
        }
    }

    private (HttpStatusCode Status, byte[] Content, string? Tag) PutObject(HttpListenerRequest r, string key, byte[] body)
    {
        bool there = objects.TryGetValue(key, out (byte[] Content, string Tag) standing);
        if (HonoursConditions && r.Headers["If-Match"] is { } match && !(there && $"\"{standing.Tag}\"" == match))
        {
            return (there ? HttpStatusCode.PreconditionFailed : HttpStatusCode.NotFound, Xml("<Error><Code>PreconditionFailed</Code></Error>"), null);
        }

        if (HonoursConditions && r.Headers["If-None-Match"] == "*" && there)
        {
            return (HttpStatusCode.PreconditionFailed, Xml("<Error><Code>PreconditionFailed</Code></Error>"), null);
        }

        string tag = Tag(Md5(body));
        objects[key] = (Stored(body), tag);
        return (HttpStatusCode.OK, [], tag);
    }

    private (HttpStatusCode Status, byte[] Content, string? Tag) GetObject(HttpListenerRequest r, string key)
    {
        if (!objects.TryGetValue(key, out (byte[] Content, string Tag) found))
        {
            return (HttpStatusCode.NotFound, Xml("<Error><Code>NoSuchKey</Code></Error>"), null);
        }

        if (r.Headers["Range"] is not { } range)
        {
            return (HttpStatusCode.OK, found.Content, found.Tag);
        }

        (int from, int to) = Range(range);
        return from >= found.Content.Length
            ? (HttpStatusCode.RequestedRangeNotSatisfiable, [], null)
            : (HttpStatusCode.PartialContent, found.Content[from..Math.Min(to, found.Content.Length)], found.Tag);
    }

    private byte[] Listing(string prefix, string? delimiter, string? after)
    {
        var entries = new SortedDictionary<string, int?>(StringComparer.Ordinal);
        foreach ((string key, (byte[] content, _)) in objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            int cut = delimiter is null ? -1 : key.IndexOf('/', prefix.Length);
            entries[cut < 0 ? key : key[..(cut + 1)]] = cut < 0 ? content.Length : null;
        }

        KeyValuePair<string, int?>[] left = [.. entries.Where(e => after is null || string.CompareOrdinal(e.Key, after) > 0)];
        var page = new XElement("ListBucketResult", new XElement("IsTruncated", left.Length > PageSize ? "true" : "false"));
        foreach ((string key, int? size) in left.Take(PageSize))
        {
            page.Add(size is null
                ? new XElement("CommonPrefixes", new XElement("Prefix", key))
                : new XElement("Contents", new XElement("Key", key), new XElement("Size", size)));
        }

        if (left.Length > PageSize)
        {
            page.Add(new XElement("NextContinuationToken", left[PageSize - 1].Key));
        }

        return Xml(page.ToString());
    }

    private byte[] Stored(byte[] body)
    {
        byte[] stored = [.. body];
        if (CorruptPuts && stored.Length > 0)
        {
            stored[stored.Length / 2] ^= 1;
        }

        return stored;
    }

    private string Tag(byte[] digest) => TagsAreDigests ? Convert.ToHexStringLower(digest) : Guid.NewGuid().ToString("N");

    private static byte[] Xml(string text) => Encoding.UTF8.GetBytes(text);

    private static void Answer(HttpListenerContext c, HttpStatusCode status, string text) => Answer(c, status, Xml(text));

    private static void Answer(HttpListenerContext c, HttpStatusCode status, byte[] content)
    {
        c.Response.StatusCode = (int)status;
        c.Response.ContentLength64 = content.Length;
        if (c.Request.HttpMethod != "HEAD")
        {
            c.Response.OutputStream.Write(content);
        }

        c.Response.Close();
    }

    private static string KeyOf(HttpListenerContext c)
    {
        string path = Uri.UnescapeDataString(c.Request.Url!.AbsolutePath);
        return path.Length > Bucket.Length + 2 ? path[(Bucket.Length + 2)..] : "";
    }

    private static (int From, int To) Range(string header)
    {
        string[] ends = header["bytes=".Length..].Split('-');
        return (int.Parse(ends[0], CultureInfo.InvariantCulture), int.Parse(ends[1], CultureInfo.InvariantCulture) + 1);
    }

#pragma warning disable CA5351 // The protocol's own checksum.
    private static byte[] Md5(byte[] bytes) => MD5.HashData(bytes);
#pragma warning restore CA5351
}
