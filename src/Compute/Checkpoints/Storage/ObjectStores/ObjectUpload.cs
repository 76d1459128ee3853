using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>
/// One object being uploaded: in one request when it fits a part, else in parts, with memory for one part. There, and verified, after <see cref="Sync"/>:
/// the server checks each request's MD5, and its ETag or, where that is none, the bytes read back say what it stored.
/// </summary>
internal sealed class ObjectUpload : IWritableFile
{
    private readonly ObjectClient client;
    private readonly string key;
    private readonly long length;
    private readonly int capacity;
    private byte[] buffer;
    private readonly List<(string Tag, byte[] Digest)> parts = [];
    private readonly XxHash128 hash = new();
    private int filled;
    private long appended;
    private string? upload;

    public ObjectUpload(ObjectClient client, string key, long length, long partBytes)
    {
        (this.client, this.key, this.length) = (client, key, length);
        capacity = PartPlan.PartBytes(length, partBytes);
        buffer = ArrayPool<byte>.Shared.Rent(capacity);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        hash.Append(bytes);
        appended += bytes.Length;
        while (bytes.Length > 0)
        {
            if (filled == capacity)
            {
                SendPart();
            }

            int n = Math.Min(bytes.Length, capacity - filled);
            bytes[..n].CopyTo(buffer.AsSpan(filled));
            filled += n;
            bytes = bytes[n..];
        }
    }

    public void Sync()
    {
        if (appended != length)
        {
            throw new ObjectStoreException($"{key}: {appended} bytes were given, {length} were announced");
        }

        string tag, expected;
        if (upload is null)
        {
            byte[] digest = Digests.Md5(Filled);
            tag = Put(new ObjectRequest(HttpMethod.Put, key), digest);
            expected = Convert.ToHexStringLower(digest);
        }
        else
        {
            SendPart();
            tag = Complete();
            byte[] all = [.. parts.SelectMany(p => p.Digest)];
            expected = $"{Convert.ToHexStringLower(Digests.Md5(all))}-{parts.Count}";
        }

        Verify(tag, expected);
        upload = null;
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }

        if (upload is null)
        {
            return;
        }

        try
        {
            client.Send(new ObjectRequest(HttpMethod.Delete, key) { Query = [("uploadId", upload)] }).Dispose();
        }
        catch (ObjectStoreException)
        {
            // The first error is the one to report; the bucket's lifecycle rule collects unfinished uploads.
        }

        upload = null;
    }

    private ArraySegment<byte> Filled => new(buffer, 0, filled);

    private void SendPart()
    {
        upload ??= Begin();
        byte[] digest = Digests.Md5(Filled);
        string number = (parts.Count + 1).ToString(CultureInfo.InvariantCulture);
        parts.Add((Put(new ObjectRequest(HttpMethod.Put, key) { Query = [("partNumber", number), ("uploadId", upload)] }, digest), digest));
        filled = 0;
    }

    /// <summary>Sends the buffer; the ETag without its quotes.</summary>
    private string Put(ObjectRequest request, byte[] digest)
    {
        using HttpResponseMessage answer = client.Send(request with { Body = Filled, Headers = [("Content-MD5", Convert.ToBase64String(digest))] });
        return answer.IsSuccessStatusCode ? answer.Headers.ETag?.Tag.Trim('"') ?? "" : throw client.Refused(request, answer);
    }

    private string Begin()
    {
        var request = new ObjectRequest(HttpMethod.Post, key) { Query = [("uploads", "")] };
        using HttpResponseMessage answer = client.Send(request);
        string id = answer.IsSuccessStatusCode ? ObjectClient.Value(client.Xml(request, answer), "UploadId") : throw client.Refused(request, answer);
        return id.Length > 0 ? id : throw new ObjectStoreException($"{key}: the server began an upload without an id", answer.StatusCode);
    }

    private string Complete()
    {
        var list = new StringBuilder("<CompleteMultipartUpload>");
        for (int i = 0; i < parts.Count; i++)
        {
            list.Append($"<Part><PartNumber>{i + 1}</PartNumber><ETag>\"{SecurityElement.Escape(parts[i].Tag)}\"</ETag></Part>");
        }

        byte[] body = Encoding.UTF8.GetBytes(list.Append("</CompleteMultipartUpload>").ToString());
        var request = new ObjectRequest(HttpMethod.Post, key) { Query = [("uploadId", upload!)], Body = body };
        using HttpResponseMessage answer = client.Send(request);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return ""; // completed by an attempt whose answer was lost: reading back decides
        }

        XElement result = answer.IsSuccessStatusCode ? client.Xml(request, answer) : throw client.Refused(request, answer);

        // The server may begin its answer with 200 and find the failure only then.
        return result.Name.LocalName == "Error"
            ? throw new ObjectStoreException($"{key}: the server could not complete the upload: {ObjectClient.Value(result, "Code")}: {ObjectClient.Value(result, "Message")}", answer.StatusCode)
            : ObjectClient.Value(result, "ETag").Trim('"');
    }

    private void Verify(string tag, string expected)
    {
        // An ETag is no MD5 under some encryptions: then only the bytes themselves tell.
        if (tag == expected)
        {
            return;
        }

        string found = ReadBack();
        string wanted = Checksums.Finish(hash);
        if (found != wanted)
        {
            throw new ObjectStoreException($"{key}: the server stored other bytes than were sent: checksum {found}, expected {wanted}");
        }
    }

    private string ReadBack()
    {
        var back = new XxHash128();
        using var range = new ObjectRange(client, key, 0, length);
        for (int n; (n = range.Read(buffer)) > 0;)
        {
            back.Append(buffer.AsSpan(0, n));
        }

        return Checksums.Finish(back);
    }
}

/// <summary>PURE: how an object is cut into parts.</summary>
internal static class PartPlan
{
    /// <summary>Most parts a server takes.</summary>
    public const int MostParts = 10_000;

    /// <summary>Bytes of one part: as configured, less for a smaller object, more where there would be too many parts.</summary>
    public static int PartBytes(long length, long configured)
    {
        long least = (length + MostParts - 1) / MostParts;
        return checked((int)Math.Max(1, Math.Min(length, Math.Max(configured, least))));
    }
}

/// <summary>The digest S3 speaks of: guards the way to the server, the manifest's own checksums guard the rest.</summary>
internal static class Digests
{
#pragma warning disable CA5351 // The protocol's own checksum; nothing rests on its strength.
    public static byte[] Md5(ReadOnlySpan<byte> bytes) => MD5.HashData(bytes);
#pragma warning restore CA5351
}
