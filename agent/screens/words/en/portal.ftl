### portal
